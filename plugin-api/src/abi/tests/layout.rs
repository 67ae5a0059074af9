//! The layout of everything that crosses, as text that is kept in `layout.txt`.
//!
//! A line may be added at the end of a table; any other difference breaks the plugins that are out
//! there and needs a new [`MAJOR`](crate::abi::MAJOR).

use std::collections::VecDeque;
use std::fmt::Write as _;

use abi_stable::StableAbi;
use abi_stable::type_layout::{TLFields, TypeLayout};

use crate::abi::table::{EmbedderObject, PluginModule_Ref, StorageObject};

/// Describes our own types that can be reached, by name; what is inside of those of others is theirs
/// to keep.
fn described() -> String {
    let roots = [
        <PluginModule_Ref as StableAbi>::LAYOUT,
        <StorageObject as StableAbi>::LAYOUT,
        <EmbedderObject as StableAbi>::LAYOUT,
    ];
    let mut waiting = VecDeque::from(roots);
    let mut seen = Vec::new();
    let mut texts = Vec::new();
    while let Some(layout) = waiting.pop_front() {
        let id = layout.get_utypeid();
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        // Those of its fields and of the parameters and results of its functions.
        waiting.extend(
            layout
                .shared_vars()
                .type_layouts()
                .iter()
                .map(|layout| layout()),
        );
        texts.push(text(layout));
    }
    texts.sort();
    texts.concat()
}

fn text(layout: &'static TypeLayout) -> String {
    let mut text = String::new();
    if layout.package().as_str() != env!("CARGO_PKG_NAME") {
        return text;
    }
    let (name, size, align) = (layout.full_type(), layout.size(), layout.alignment());
    writeln!(text, "{name} size {size} align {align}").unwrap();
    let fields = layout.get_fields();
    for field in fields.iter().flat_map(TLFields::iter) {
        write!(text, "    {}: {}", field.name(), field.full_type()).unwrap();
        for function in field.function_range() {
            // After the first line come the lifetimes, which cost no memory.
            let function = function.to_string();
            write!(text, " = {}", function.lines().next().unwrap_or_default()).unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn what_crosses_lies_in_memory_as_it_did() {
    let described = described();
    let kept = include_str!("layout.txt");
    assert!(
        described == kept,
        "the ABI changed; if that is meant, layout.txt becomes:\n{described}"
    );
}
