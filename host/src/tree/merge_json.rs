//! The resolver that merges JSON member by member.

use std::collections::BTreeSet;

use super::TreeError;
use super::json::{Json, Member, Object};
use super::resolve::{Conflict, Resolution, Resolver};
use super::value::ValueHandle;

/// JSON objects are merged member by member, and those inside them likewise: a member that one side
/// changed, added or removed is taken from there. What both added as an object is merged too. Arrays,
/// strings, numbers and the like are taken whole.
///
/// A change is what says something else: spaces, the order of members, and which characters are
/// written as escapes make none. Numbers are compared as they are written, at any size and to the
/// last digit, so `1.0` in place of `1` is a change.
///
/// The whole value stays in conflict if both sides changed a member, each in its own way, or one
/// removed it and the other changed it; and if one side removed the key. So it does if one of the
/// texts is not JSON, has two members of one name in one object, at any depth, has a string that is
/// not Unicode, or is nested deeper than 128 levels.
///
/// The result is the same whichever side is called ours. If only one side changed anything, it is
/// what is there, and if none did, what both began from. Otherwise it is JSON without spaces. The
/// members of what was merged stand in the order that they had before, new ones behind them in the
/// order of their names as bytes. All else is written as before, or, if it changed, as by the side
/// that changed it; where both changed it alike, the shorter text counts, and of two of one length the
/// smaller one.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergeJson;

impl Resolver for MergeJson {
    fn resolve(&mut self, conflict: &Conflict) -> Result<Resolution, TreeError> {
        let (Some(ours), Some(theirs)) = (&conflict.ours, &conflict.theirs) else {
            return Ok(Resolution::Unresolved);
        };
        let base = conflict.base.as_ref().map(ValueHandle::load).transpose()?;
        let (ours, theirs) = (ours.load()?, theirs.load()?);
        let resolution = merge_texts(base.as_deref(), &ours, &theirs);
        Ok(resolution.unwrap_or(Resolution::Unresolved))
    }
}

/// Returns `None` if it stays in conflict.
fn merge_texts(base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> Option<Resolution> {
    let base = match base {
        None => None,
        Some(base) => Some(Json::read(base)?),
    };
    let [ours, theirs] = [Json::read(ours)?, Json::read(theirs)?];
    let unchanged = [&ours, &theirs].map(|side| base.as_ref() == Some(side));
    Some(match unchanged {
        [true, true] => Resolution::Base,
        [true, false] => Resolution::Theirs,
        [false, true] => Resolution::Ours,
        [false, false] => {
            let merged = merge([base, Some(ours), Some(theirs)]).ok()??;
            Resolution::Put(merged.text().into_bytes())
        }
    })
}

/// Both sides changed a member, each in its own way.
struct Clash;

/// Merges what both began from, ours and theirs.
fn merge(sides: [Option<Json<'_>>; 3]) -> Result<Option<Json<'_>>, Clash> {
    match sides {
        [None, Some(Json::Object(ours)), Some(Json::Object(theirs))] => {
            merge_objects([Object::new(), ours, theirs]).map(Some)
        }
        [
            Some(Json::Object(base)),
            Some(Json::Object(ours)),
            Some(Json::Object(theirs)),
        ] => merge_objects([base, ours, theirs]).map(Some),
        // Not all are objects, so that no member is compared again for each object around it.
        [base, ours, theirs] => match (base == ours, base == theirs) {
            (true, true) => Ok(base),
            (true, false) => Ok(theirs),
            (false, true) => Ok(ours),
            (false, false) => match (ours, theirs) {
                (Some(ours), Some(theirs)) if ours == theirs => Ok(Some(shorter(ours, theirs))),
                (None, None) => Ok(None),
                _ => Err(Clash),
            },
        },
    }
}

fn merge_objects([base, ours, theirs]: [Object<'_>; 3]) -> Result<Json<'_>, Clash> {
    let mut old: Vec<_> = base.iter().collect();
    old.sort_by_key(|(_, member)| member.place);
    let new: BTreeSet<_> = (ours.keys().chain(theirs.keys()))
        .filter(|name| !base.contains_key(*name))
        .collect();
    let names: Vec<_> = (old.into_iter().map(|(name, _)| name).chain(new))
        .cloned()
        .collect();
    let mut sides = [base, ours, theirs];
    let mut merged = Object::new();
    for (place, name) in names.into_iter().enumerate() {
        let members = sides.each_mut().map(|side| side.remove(&name));
        let written = name_of(&members);
        let value = merge(members.map(|member| Some(member?.value)))?;
        let member = |value| Member {
            name: written,
            place,
            value,
        };
        merged.extend(value.map(|value| (name, member(value))));
    }
    Ok(Json::Object(merged))
}

/// Returns how the name of a member is written: as before, or, of a new one, the shorter text.
fn name_of<'a>([base, ours, theirs]: &[Option<Member<'a>>; 3]) -> &'a str {
    let names = |member: &Option<Member<'a>>| member.as_ref().map(|member| member.name);
    let new = [names(ours), names(theirs)].into_iter().flatten();
    let shorter = new.min_by_key(|name| (name.len(), *name));
    names(base).or(shorter).unwrap_or_default()
}

/// Returns the one of two values of which the text is shorter.
fn shorter<'a>(one: Json<'a>, other: Json<'a>) -> Json<'a> {
    let texts = [&one, &other].map(Json::text);
    match texts.each_ref().map(|text| (text.len(), text)) {
        [first, second] if second < first => other,
        _ => one,
    }
}
