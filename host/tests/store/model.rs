//! What a store should be: maps, a list of commits, and what is durable.

use std::collections::BTreeMap;

use Answer::{Done, Refused};

pub(crate) type Map = BTreeMap<String, String>;

/// Where a worktree stands; commits are named by their place in the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    Branch(String),
    Detached(usize),
}

pub(crate) struct ModelCommit {
    pub(crate) parent: Option<usize>,
    pub(crate) map: Map,
}

/// What the store should be.
pub(crate) struct Model {
    pub(crate) commits: Vec<ModelCommit>,
    pub(crate) branches: BTreeMap<String, usize>,
    pub(crate) place: Place,
    pub(crate) base: Option<usize>,
    pub(crate) map: Map,
    /// The place that survives the session, and the changes that do: the base and the entries.
    pub(crate) saved: (Place, Option<(Option<usize>, Map)>),
}

/// What a verb should have answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Done,
    Refused(&'static str),
}

impl Model {
    pub(crate) fn new() -> Self {
        let place = Place::Branch("main".into());
        let saved = (place.clone(), None);
        let (commits, branches) = (Vec::new(), BTreeMap::new());
        Self {
            commits,
            branches,
            place,
            base: None,
            map: Map::new(),
            saved,
        }
    }

    pub(crate) fn map_of(&self, commit: Option<usize>) -> Map {
        commit
            .map(|commit| self.commits[commit].map.clone())
            .unwrap_or_default()
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.map == self.map_of(self.base)
    }

    pub(crate) fn head_of(&self, place: &Place) -> Option<usize> {
        match place {
            Place::Branch(name) => self.branches.get(name).copied(),
            Place::Detached(commit) => Some(*commit),
        }
    }

    /// The commits from one back to the first.
    pub(crate) fn line(&self, from: Option<usize>) -> Vec<usize> {
        std::iter::successors(from, |commit| self.commits[*commit].parent).collect()
    }

    pub(crate) fn save(&mut self) {
        let changes = (!self.is_clean()).then(|| (self.base, self.map.clone()));
        self.saved = (self.place.clone(), changes);
    }

    pub(crate) fn stand(&mut self, place: Place, commit: Option<usize>) {
        (self.place, self.base, self.map) = (place, commit, self.map_of(commit));
        self.save();
    }

    /// What a session finds that begins now.
    pub(crate) fn load(&mut self) {
        let (place, changes) = self.saved.clone();
        let head = self.head_of(&place);
        let (base, map) = match changes {
            Some((base, map)) => {
                let since = self
                    .line(head)
                    .into_iter()
                    .take_while(|commit| Some(*commit) != base);
                let is_committed =
                    self.line(head).contains(&base.unwrap_or(usize::MAX)) || base.is_none();
                let committed = is_committed
                    && head != base
                    && since
                        .into_iter()
                        .any(|commit| self.commits[commit].map == map);
                if committed {
                    (head, self.map_of(head))
                } else {
                    (base, map)
                }
            }
            None => (head, self.map_of(head)),
        };
        (self.place, self.base, self.map) = (place, base, map);
    }

    pub(crate) fn commit(&mut self, empty: bool) -> Answer {
        if self.is_clean() && !empty {
            return Refused("nothing");
        }
        if let Place::Branch(name) = &self.place
            && self.branches.get(name).copied() != self.base
        {
            // Changes that were flushed before are flushed as they are now.
            if self.saved.1.is_some() {
                self.save();
            }
            return Refused("moved");
        }
        let new = self.commits.len();
        self.commits.push(ModelCommit {
            parent: self.base,
            map: self.map.clone(),
        });
        match self.place.clone() {
            Place::Branch(name) => drop(self.branches.insert(name, new)),
            Place::Detached(_) => self.place = Place::Detached(new),
        }
        self.base = Some(new);
        self.save();
        Done
    }

    pub(crate) fn move_to(&mut self, place: Place, target: Option<usize>, force: bool) -> Answer {
        if force || self.is_clean() {
            self.stand(place, target);
        } else if target == self.base {
            self.place = place;
            self.save();
        } else {
            return Refused("uncommitted");
        }
        Done
    }

    pub(crate) fn create_branch(&mut self, new: &str) -> Answer {
        match self.base {
            None => Refused("revision"),
            Some(_) if self.branches.contains_key(new) => Refused("exists"),
            Some(base) => {
                self.branches.insert(new.to_owned(), base);
                Done
            }
        }
    }

    pub(crate) fn delete_branch(&mut self, old: &str, force: bool) -> Answer {
        let Some(&head) = self.branches.get(old) else {
            return Refused("no branch");
        };
        if self.place == Place::Branch(old.to_owned()) {
            Refused("in use")
        } else if old == "main" {
            Refused("default")
        } else if !force && !self.line(self.base).contains(&head) {
            Refused("not merged")
        } else {
            self.branches.remove(old);
            Done
        }
    }

    pub(crate) fn rename_branch(&mut self, from: &str, to: &str) -> Answer {
        let current = self.place == Place::Branch(from.to_owned());
        let target = self.branches.get(from).copied();
        if target.is_none() && !current {
            return Refused("no branch");
        }
        if !current && from == "main" {
            return Refused("default");
        }
        if self.branches.contains_key(to) {
            return Refused("exists");
        }
        self.branches.remove(from);
        if let Some(target) = target {
            self.branches.insert(to.to_owned(), target);
        }
        if current {
            self.place = Place::Branch(to.to_owned());
            self.save();
        }
        Done
    }

    pub(crate) fn checkout_new(&mut self, new: &str) -> Answer {
        if self.branches.contains_key(new) {
            return Refused("exists");
        }
        if let Some(base) = self.base {
            self.branches.insert(new.to_owned(), base);
        }
        self.move_to(Place::Branch(new.to_owned()), self.base, false)
    }
}
