//! What a backend measures and reports.

/// A JSON object: arguments and results of maintenance operations.
pub type Report = serde_json::Map<String, serde_json::Value>;

/// Named measurements, in the order in which a person wants to read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats(pub Vec<Stat>);

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What was measured, in lower case with underscores: `records`, `bytes_on_disk`, `syncs`.
    pub name: String,
    /// How to read the value.
    pub unit: Unit,
    /// The value.
    pub value: u64,
}

/// The unit of a measurement. The numbers are part of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Unit(pub u32);

impl Unit {
    /// A number of things.
    pub const COUNT: Self = Self(1);
    /// A number of bytes.
    pub const BYTES: Self = Self(2);
    /// A number of microseconds.
    pub const MICROSECONDS: Self = Self(3);
}

impl Stats {
    /// Adds a measurement.
    #[must_use]
    pub fn with(mut self, name: &str, unit: Unit, value: u64) -> Self {
        self.0.push(Stat {
            name: name.to_owned(),
            unit,
            value,
        });
        self
    }

    /// Returns the value measured under `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        self.0
            .iter()
            .find(|stat| stat.name == name)
            .map(|stat| stat.value)
    }
}
