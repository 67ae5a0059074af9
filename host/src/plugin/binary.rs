//! What a library's file says about itself to anyone who reads it: its target, its manifests, and
//! what it needs from the system. Reads the few parts that matter, runs nothing.

use std::fs::File;
use std::path::Path;

use object::read::elf::{ElfFile, FileHeader};
use object::{BinaryFormat, Endianness, Object, ObjectSection, ReadCache, ReadRef, elf};
use prollytree_plugin_api::manifest::{self, Manifest};

use super::PluginError;

/// The format and architecture of a library and what it needs from the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryFacts {
    /// `elf`, `mach-o` or `pe`.
    pub format: &'static str,
    /// The processor, such as `x86_64`, with the width of its pointers where that differs.
    pub architecture: String,
    /// The libraries that the system loads with it.
    pub needed: Vec<String>,
    /// The oldest glibc that has everything that it uses, such as `2.34`.
    pub glibc: Option<String>,
}

/// Reads the file at `path`, which has at least one byte.
pub(super) fn read(path: &Path, file: File) -> Result<(BinaryFacts, Vec<Manifest>), PluginError> {
    let damaged = |source| PluginError::Damaged {
        path: path.to_path_buf(),
        source,
    };
    let cache = ReadCache::new(file);
    let begin = cache
        .read_bytes_at(0, cache.len().unwrap_or(0).min(16))
        .unwrap_or_default();
    if object::FileKind::parse(&cache).is_err() {
        let (path, found) = (path.to_path_buf(), shown(begin));
        return Err(PluginError::NotALibrary { path, found });
    }
    let library = object::File::parse(&cache).map_err(damaged)?;
    let facts = facts(&library).map_err(damaged)?;
    expect_target(path, &library, &facts)?;
    let name = section_name(library.format());
    let Some(section) = library.section_by_name(name) else {
        return Err(PluginError::NotAPlugin {
            path: path.to_path_buf(),
            section: name,
        });
    };
    let manifests =
        Manifest::parse_section(section.data().map_err(damaged)?).map_err(|source| {
            PluginError::BadManifest {
                path: path.to_path_buf(),
                source,
            }
        })?;
    if manifests.is_empty() {
        return Err(PluginError::NotAPlugin {
            path: path.to_path_buf(),
            section: name,
        });
    }
    Ok((facts, manifests))
}

fn facts<'data, R: ReadRef<'data>>(
    library: &object::File<'data, R>,
) -> Result<BinaryFacts, object::Error> {
    let (needed, glibc) = match library {
        object::File::Elf32(elf) => elf_needs(elf)?,
        object::File::Elf64(elf) => elf_needs(elf)?,
        other => {
            let imports = other.imports()?.map(|import| Ok(text(import?.library())));
            let mut needed = imports.collect::<Result<Vec<_>, object::Error>>()?;
            needed.sort();
            needed.dedup();
            (needed, None)
        }
    };
    let format = format_name(library.format());
    Ok(BinaryFacts {
        format,
        architecture: architecture(library),
        needed,
        glibc,
    })
}

fn elf_needs<'data, Elf, R>(
    file: &ElfFile<'data, Elf, R>,
) -> Result<(Vec<String>, Option<String>), object::Error>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let (endian, data, sections) = (file.endian(), file.data(), file.elf_section_table());
    let mut needed = Vec::new();
    let dynamic = file.elf_dynamic_table()?;
    for entry in &dynamic {
        if entry.tag == elf::DT_NEEDED {
            needed.push(text(dynamic.string(entry)?));
        }
    }
    let mut glibc: Option<(Vec<u32>, String)> = None;
    if let Some((mut files, strings)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, strings)?;
        while let Some((_, mut versions)) = files.next()? {
            while let Some(version) = versions.next()? {
                let name = text(version.name(endian, strings)?);
                if let Some(version) = name.strip_prefix("GLIBC_").and_then(numbers) {
                    glibc = glibc.max(Some(version));
                }
            }
        }
    }
    Ok((needed, glibc.map(|(_, text)| text)))
}

/// Reads `2.34`; `None` for names such as `PRIVATE`.
fn numbers(version: &str) -> Option<(Vec<u32>, String)> {
    let numbers = version
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    Some((numbers, version.to_owned()))
}

fn expect_target<'data, R: ReadRef<'data>>(
    path: &Path,
    library: &object::File<'data, R>,
    facts: &BinaryFacts,
) -> Result<(), PluginError> {
    let native = BinaryFormat::native_object();
    let expected = format!("{} {}", format_name(native), std::env::consts::ARCH);
    let found = format!("{} {}", facts.format, facts.architecture);
    let little = cfg!(target_endian = "little");
    if library.format() == native && found == expected && library.is_little_endian() == little {
        return Ok(());
    }
    Err(PluginError::ForeignTarget {
        path: path.to_path_buf(),
        found,
        expected,
    })
}

/// Names an architecture as [`std::env::consts::ARCH`] does, as far as they agree.
fn architecture<'data, R: ReadRef<'data>>(library: &object::File<'data, R>) -> String {
    use object::Architecture as A;
    let name = match library.architecture() {
        A::X86_64 => "x86_64",
        A::Aarch64 => "aarch64",
        A::I386 => "x86",
        A::Arm => "arm",
        A::Riscv64 => "riscv64",
        A::PowerPc64 => "powerpc64",
        A::S390x => "s390x",
        A::LoongArch64 => "loongarch64",
        other => return format!("{other:?}").to_ascii_lowercase(),
    };
    name.to_owned()
}

fn section_name(format: BinaryFormat) -> &'static str {
    match format {
        BinaryFormat::MachO => manifest::MACHO_SECTION,
        BinaryFormat::Pe => manifest::PE_SECTION,
        _ => manifest::ELF_SECTION,
    }
}

fn format_name(format: BinaryFormat) -> &'static str {
    match format {
        BinaryFormat::Elf => "elf",
        BinaryFormat::MachO => "mach-o",
        BinaryFormat::Pe | BinaryFormat::Coff => "pe",
        _ => "other",
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(begin: &[u8]) -> String {
    format!("\"{}\"", begin.escape_ascii())
}
