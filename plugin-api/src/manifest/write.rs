//! Writes a manifest while the plugin is compiled: every function here runs in constants.

use super::{Build, Offer, VERSION};
use crate::OptionField;

/// Where JSON goes. One that is too short, such as an empty one, only counts.
struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

/// Returns the length of the manifest in bytes.
#[must_use]
pub const fn length(offer: &Offer, build: &Build) -> usize {
    fill(&mut [], offer, build)
}

/// Returns the manifest. `N` is its [`length`].
#[must_use]
pub const fn array<const N: usize>(offer: &Offer, build: &Build) -> [u8; N] {
    let mut out = [0; N];
    fill(&mut out, offer, build);
    out
}

/// Writes the manifest as far as it fits and returns its whole length.
pub(super) const fn fill(out: &mut [u8], offer: &Offer, build: &Build) -> usize {
    let mut writer = Writer { out, len: 0 };
    writer.raw("{\"manifest\":");
    writer.number(VERSION);
    writer.member("kind", offer.kind.name());
    writer.member("name", offer.name);
    writer.member("version", offer.version);
    writer.member("about", offer.about);
    writer.raw(",\"options\":[");
    let mut at = 0;
    while at < offer.options.len() {
        writer.raw(if at == 0 { "" } else { "," });
        writer.option(&offer.options[at]);
        at += 1;
    }
    writer.raw("],\"abi\":");
    writer.number(build.abi);
    writer.raw(",\"api\":");
    writer.number(build.api);
    writer.member("target", build.target);
    writer.member("rustc", build.rustc);
    writer.member("panic", build.panic);
    writer.member("symbol", build.symbol);
    writer.raw("}\n");
    writer.len
}

impl Writer<'_> {
    const fn option(&mut self, field: &OptionField) {
        self.raw("{\"name\":");
        self.text(field.name);
        self.member("type", field.value_type);
        if let Some(default) = field.default {
            self.member("default", default);
        }
        self.raw(",\"optional\":");
        self.raw(if field.optional { "true" } else { "false" });
        self.raw(",\"doc\":");
        self.doc(field.doc);
        self.raw("}");
    }

    const fn member(&mut self, name: &str, value: &str) {
        self.raw(",\"");
        self.raw(name);
        self.raw("\":");
        self.text(value);
    }

    const fn text(&mut self, text: &str) {
        self.raw("\"");
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.escaped(bytes[at]);
            at += 1;
        }
        self.raw("\"");
    }

    /// Writes a doc comment, each line without the space that follows the slashes.
    const fn doc(&mut self, text: &str) {
        self.raw("\"");
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let begins_line = at == 0 || bytes[at - 1] == b'\n';
            if !(begins_line && bytes[at] == b' ') {
                self.escaped(bytes[at]);
            }
            at += 1;
        }
        self.raw("\"");
    }

    const fn escaped(&mut self, byte: u8) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        match byte {
            b'"' | b'\\' => {
                self.byte(b'\\');
                self.byte(byte);
            }
            0..0x20 => {
                self.raw("\\u00");
                self.byte(DIGITS[(byte >> 4) as usize]);
                self.byte(DIGITS[(byte & 15) as usize]);
            }
            // The bytes of a character beyond ASCII are copied as they come.
            _ => self.byte(byte),
        }
    }

    const fn number(&mut self, number: u32) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    const fn raw(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.byte(bytes[at]);
            at += 1;
        }
    }

    const fn byte(&mut self, byte: u8) {
        if self.len < self.out.len() {
            self.out[self.len] = byte;
        }
        self.len += 1;
    }
}
