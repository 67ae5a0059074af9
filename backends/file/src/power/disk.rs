//! A disk on which what was not forced may be there, be there in part, or not be there.
//!
//! It consists of cells: sectors and lengths of files, names in folders. A cell has the value that
//! was forced last and those that came later; after power loss it holds any of them, whatever the
//! others hold. That is more than a file system does to its users, and includes what it may do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::system::recorder::Step;
use prollytree_conformance::Random;

const SECTOR: usize = 512;
type Sector = [u8; SECTOR];

/// The smallest thing that is there in one of its versions, or another.
struct Cell<T> {
    /// The first one was forced, or was there before everything.
    versions: Vec<T>,
    /// A sync failed: the system takes what is there for written, and no later sync writes it.
    failed: bool,
}

impl<T> Cell<T> {
    fn new(value: T) -> Self {
        Self {
            versions: vec![value],
            failed: false,
        }
    }

    fn newest(&self) -> &T {
        self.versions.last().expect("there is always one")
    }

    fn set(&mut self, value: T) {
        self.versions.push(value);
        self.failed = false;
    }

    fn force(&mut self) {
        if !self.failed {
            self.versions.drain(..self.versions.len() - 1);
        }
    }

    fn fail(&mut self) {
        self.failed = self.is_open();
    }

    /// Says whether power loss may change it.
    fn is_open(&self) -> bool {
        self.versions.len() > 1
    }
}

/// How the cells of one file or folder fare.
#[derive(Clone, Copy)]
enum Fate {
    Lost,
    Kept,
    Mixed,
}

impl Fate {
    fn draw(random: &mut Random) -> Self {
        match random.below(4) {
            0 => Self::Lost,
            1 => Self::Kept,
            _ => Self::Mixed,
        }
    }

    fn pick<'a, T>(self, cell: &'a Cell<T>, random: &mut Random) -> &'a T {
        match self {
            Self::Lost => &cell.versions[0],
            Self::Kept => cell.newest(),
            Self::Mixed => &cell.versions[random.below(cell.versions.len())],
        }
    }
}

struct Content {
    len: Cell<u64>,
    sectors: BTreeMap<u64, Cell<Sector>>,
}

impl Content {
    fn new() -> Self {
        Self {
            len: Cell::new(0),
            sectors: BTreeMap::new(),
        }
    }

    fn write(&mut self, offset: u64, data: &[u8]) {
        let mut at = offset;
        let mut rest = data;
        while !rest.is_empty() {
            let start = usize::try_from(at % SECTOR as u64).unwrap();
            let (now, later) = rest.split_at(rest.len().min(SECTOR - start));
            self.change(at / SECTOR as u64, |sector| {
                sector[start..start + now.len()].copy_from_slice(now);
            });
            at += now.len() as u64;
            rest = later;
        }
        // Also if it is not longer now: the system notes the length with what it writes.
        if at >= *self.len.newest() {
            self.len.set(at);
        }
    }

    fn set_len(&mut self, len: u64) {
        let last = len / SECTOR as u64;
        let beyond: Vec<u64> = self.sectors.range(last..).map(|(at, _)| *at).collect();
        for at in beyond {
            let kept = len.saturating_sub(at * SECTOR as u64);
            let kept = usize::try_from(kept).unwrap().min(SECTOR);
            self.change(at, |sector| sector[kept..].fill(0));
        }
        self.len.set(len);
    }

    fn change(&mut self, at: u64, change: impl FnOnce(&mut Sector)) {
        let cell = self
            .sectors
            .entry(at)
            .or_insert_with(|| Cell::new([0; SECTOR]));
        let mut sector = *cell.newest();
        change(&mut sector);
        cell.set(sector);
    }

    fn force(&mut self) {
        self.len.force();
        self.sectors.values_mut().for_each(Cell::force);
    }

    fn fail(&mut self) {
        self.len.fail();
        self.sectors.values_mut().for_each(Cell::fail);
    }

    fn bytes(&self, fate: Fate, random: &mut Random) -> Vec<u8> {
        let len = usize::try_from(*fate.pick(&self.len, random)).unwrap();
        let mut bytes = vec![0; len.next_multiple_of(SECTOR)];
        for (at, cell) in &self.sectors {
            let start = usize::try_from(*at).unwrap() * SECTOR;
            let sector = fate.pick(cell, random);
            if let Some(room) = bytes.get_mut(start..start + SECTOR) {
                room.copy_from_slice(sector);
            }
        }
        bytes.truncate(len);
        bytes
    }
}

/// What a name leads to: a folder, or one of the files.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Folder,
    File(usize),
}

/// A name, and who changed it last.
struct Name {
    cell: Cell<Option<Target>>,
    by: usize,
}

/// All files and folders below one that is there for sure.
pub(super) struct Disk {
    root: PathBuf,
    names: BTreeMap<PathBuf, Name>,
    files: Vec<Content>,
    inodes: BTreeMap<u64, usize>,
    turn: usize,
}

impl Disk {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            names: BTreeMap::new(),
            files: Vec::new(),
            inodes: BTreeMap::new(),
            turn: 0,
        }
    }

    pub(super) fn apply(&mut self, step: &Step) {
        match step {
            Step::Opened(path, inode) => self.open(path, *inode),
            Step::MakeFolder(path) => self.set_name(path, Some(Target::Folder)),
            Step::Write(inode, offset, data) => self.file(*inode).write(*offset, data),
            Step::SetLen(inode, len) => self.file(*inode).set_len(*len),
            Step::Rename(from, to) => {
                let target = self.target(from);
                self.set_name(from, None);
                self.set_name(to, target);
            }
            Step::Remove(path) => self.set_name(path, None),
            Step::Sync(inode) => self.file(*inode).force(),
            Step::FailedSync(inode) => self.file(*inode).fail(),
            Step::SyncFolder(folder) => {
                let inside = |path: &Path| path.parent() == Some(folder);
                let names = self.names.iter_mut().filter(|(path, _)| inside(path));
                names.for_each(|(_, name)| name.cell.force());
            }
            Step::Turn(turn) => self.turn = *turn,
            Step::Said(_) => {}
        }
    }

    /// Makes the folder that could be left if power failed now, and all below it.
    pub(super) fn leave(&self, to: &Path, random: &mut Random) {
        self.fill(&self.root, to, &mut |random| Fate::draw(random), random);
    }

    /// Makes the folder as it is for those who have not lost power.
    pub(super) fn mirror(&self, to: &Path) {
        self.fill(&self.root, to, &mut |_| Fate::Kept, &mut Random::new(0));
    }

    fn fill(
        &self,
        folder: &Path,
        to: &Path,
        fate: &mut impl FnMut(&mut Random) -> Fate,
        random: &mut Random,
    ) {
        fs::create_dir(to).unwrap();
        let of_names = fate(random);
        for (path, name) in &self.names {
            if path.parent() != Some(folder) {
                continue;
            }
            let to = to.join(path.file_name().unwrap());
            match of_names.pick(&name.cell, random) {
                None => {}
                Some(Target::Folder) => self.fill(path, &to, fate, random),
                Some(Target::File(file)) => {
                    let fate = fate(random);
                    fs::write(&to, self.files[*file].bytes(fate, random)).unwrap();
                }
            }
        }
    }

    /// The path at which a file is now.
    pub(super) fn path(&self, inode: u64) -> Option<&Path> {
        let file = Target::File(*self.inodes.get(&inode)?);
        let mut names = self.names.iter();
        let found = names.find(|(_, name)| *name.cell.newest() == Some(file));
        found.map(|(path, _)| path.as_path())
    }

    /// The names in a folder that lead somewhere and are not forced to disk, and whether it is
    /// another instance that made each.
    pub(super) fn open_names(&self, folder: &Path) -> impl Iterator<Item = (&Path, bool)> {
        let open = move |path: &Path, name: &Name| {
            path.parent() == Some(folder) && name.cell.is_open() && name.cell.newest().is_some()
        };
        let names = self
            .names
            .iter()
            .filter(move |(path, name)| open(path, name));
        names.map(|(path, name)| (path.as_path(), name.by != self.turn))
    }

    fn open(&mut self, path: &Path, inode: u64) {
        if self.target(path).is_none() {
            self.files.push(Content::new());
            self.inodes.insert(inode, self.files.len() - 1);
            self.set_name(path, Some(Target::File(self.files.len() - 1)));
        }
    }

    fn target(&self, path: &Path) -> Option<Target> {
        self.names.get(path).and_then(|name| *name.cell.newest())
    }

    fn set_name(&mut self, path: &Path, target: Option<Target>) {
        let by = self.turn;
        let cell = Cell::new(None);
        let name = self.names.entry(path.to_owned());
        let name = name.or_insert(Name { cell, by });
        name.cell.set(target);
        name.by = by;
    }

    fn file(&mut self, inode: u64) -> &mut Content {
        let file = self.inodes[&inode];
        &mut self.files[file]
    }
}
