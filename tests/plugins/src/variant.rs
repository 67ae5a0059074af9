//! In what the plugins of the tests differ from the one of this release.

/// A way to compile the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// As it is.
    Current,
    /// With a contract that lacks the last method and the last function of the module.
    Older,
    /// With a contract that has one method and one function more.
    Newer,
    /// With the contract of this version, two fields of a record changed over.
    OtherLayout,
    /// As it is, and a panic ends the process.
    PanicAbort,
    /// As it is, optimised across crates and stripped of all symbols.
    Stripped,
}

impl Variant {
    /// Returns the name of the variant's folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::OtherLayout => "other-layout",
            Self::PanicAbort => "panic-abort",
            Self::Stripped => "stripped",
        }
    }

    /// Returns how often its contract has been added to.
    #[must_use]
    pub fn api(self) -> u32 {
        match self {
            Self::Older => 0,
            Self::Newer => 99,
            _ => 1,
        }
    }

    /// Returns what is set in the profile. Cargo would take the contracts of two variants for one,
    /// did their profiles not differ; the number of units is as good as any.
    pub(crate) fn profile(self) -> Vec<String> {
        let units = 32 + self as u32;
        let mut settings = vec![format!(
            "profile.dev.package.prollytree-plugin-api.codegen-units={units}"
        )];
        settings.extend(self.strategy().iter().map(|&setting| setting.to_owned()));
        settings
    }

    fn strategy(self) -> &'static [&'static str] {
        match self {
            Self::PanicAbort => &["profile.dev.panic=\"abort\""],
            Self::Stripped => &[
                "profile.dev.lto=\"fat\"",
                "profile.dev.strip=true",
                "profile.dev.opt-level=1",
            ],
            Self::Current | Self::Older | Self::Newer | Self::OtherLayout => &[],
        }
    }
}
