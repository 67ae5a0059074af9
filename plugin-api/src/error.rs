//! What can go wrong in a plugin, in a form that crosses the boundary whole.

use std::fmt;

/// The result of every call of the contract.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an error. "Not there" is no error: an absent record or ref is a value.
///
/// The numbers are part of the ABI and never change; an unknown one reads as `INTERNAL` would.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ErrorKind(pub u32);

impl ErrorKind {
    /// A bug in the plugin.
    pub const INTERNAL: Self = Self(1);
    /// Stored data is not what was written.
    pub const CORRUPT: Self = Self(2);
    /// Another writer was faster, or two names exclude each other.
    pub const CONFLICT: Self = Self(3);
    /// The backend never offers this; see its capabilities.
    pub const UNSUPPORTED: Self = Self(4);
    /// An option is missing, unknown, of the wrong type or of an impossible value.
    pub const INVALID_CONFIG: Self = Self(5);
    /// An argument breaks the contract.
    pub const INVALID_ARGUMENT: Self = Self(6);
    /// Reading or writing failed.
    pub const IO: Self = Self(7);
    /// The service or file cannot be reached at this time.
    pub const UNAVAILABLE: Self = Self(8);
    /// The call's deadline passed.
    pub const TIMEOUT: Self = Self(9);
    /// The caller cancelled.
    pub const CANCELLED: Self = Self(10);
    /// The system or service refuses access.
    pub const PERMISSION_DENIED: Self = Self(11);
    /// Somebody else holds the store; the context says who.
    pub const LOCKED: Self = Self(12);
    /// The instance has been closed.
    pub const CLOSED: Self = Self(13);
    /// The plugin panicked; the message and the place are kept.
    pub const PANIC: Self = Self(14);

    /// Returns the kind's name, such as `corrupt` or `permission-denied`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CORRUPT => "corrupt",
            Self::CONFLICT => "conflict",
            Self::UNSUPPORTED => "unsupported",
            Self::INVALID_CONFIG => "invalid-config",
            Self::INVALID_ARGUMENT => "invalid-argument",
            Self::IO => "io",
            Self::UNAVAILABLE => "unavailable",
            Self::TIMEOUT => "timeout",
            Self::CANCELLED => "cancelled",
            Self::PERMISSION_DENIED => "permission-denied",
            Self::LOCKED => "locked",
            Self::CLOSED => "closed",
            Self::PANIC => "panic",
            _ => "internal",
        }
    }
}

impl fmt::Debug for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error of a backend or an embedder: one pointer wide, because the size of a result decides the
/// cost of every call.
///
/// Messages say what was being done, in lower case and without a full stop. They never hold a
/// secret: what the host passed as one does not belong into a message or the context.
pub struct Error(Box<Parts>);

/// An [`Error`] taken apart, as it crosses the boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The class.
    pub kind: ErrorKind,
    /// Whether the same call may succeed when tried again.
    pub retryable: bool,
    /// What was being done and what went wrong.
    pub message: String,
    /// Names and values that locate the trouble: `path`, `hash`, `holder`.
    pub context: Vec<(String, String)>,
    /// The underlying errors, outermost first, as text; empty where there is none.
    pub source: String,
}

impl Error {
    /// Makes an error that is not worth retrying.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            retryable: false,
            message: message.into(),
            context: Vec::new(),
            source: String::new(),
        }))
    }

    /// Makes the error for an operation that this backend does not offer.
    #[must_use]
    pub fn unsupported(operation: &str) -> Self {
        Self::new(
            ErrorKind::UNSUPPORTED,
            format!("this backend does not offer `{operation}`"),
        )
    }

    /// Makes the error for a call on an instance that has been closed.
    #[must_use]
    pub fn closed() -> Self {
        Self::new(ErrorKind::CLOSED, "the store has been closed")
    }

    /// Makes an `IO` error (or `PERMISSION_DENIED`) from one of the standard library. `doing`
    /// says what was tried, as in "append to the journal".
    #[must_use]
    pub fn io(doing: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let (kind, retryable) = match error.kind() {
            Io::PermissionDenied | Io::ReadOnlyFilesystem => (ErrorKind::PERMISSION_DENIED, false),
            Io::Interrupted | Io::WouldBlock => (ErrorKind::IO, true),
            Io::TimedOut => (ErrorKind::TIMEOUT, true),
            _ => (ErrorKind::IO, false),
        };
        let mut this = Self::new(kind, format!("cannot {doing}: {error}")).with_source(error);
        this.0.retryable = retryable;
        this
    }

    /// Adds a name and a value that help to locate the trouble.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.0.context.push((name.to_owned(), value.to_string()));
        self
    }

    /// Keeps the chain of an underlying error as text.
    #[must_use]
    pub fn with_source(mut self, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        self.0.source = text;
        self
    }

    /// Says that the same call may succeed when it is tried again.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// Returns the class.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns what was being done and what went wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the value kept under `name`.
    #[must_use]
    pub fn context(&self, name: &str) -> Option<&str> {
        self.0
            .context
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns all that the error holds.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.0
    }

    /// Takes the error apart.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        *self.0
    }
}

impl From<Parts> for Error {
    fn from(parts: Parts) -> Self {
        Self(Box::new(parts))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for (index, (name, value)) in self.0.context.iter().enumerate() {
            write!(f, "{}{name}: {value}", if index == 0 { " (" } else { ", " })?;
        }
        if self.0.context.is_empty() {
            Ok(())
        } else {
            f.write_str(")")
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn the_text_names_what_was_done_and_where() {
        let error = Error::new(ErrorKind::LOCKED, "the store is in use")
            .with("path", "/data/main.redb")
            .with("holder", "git-prolly (pid 7)");
        assert_eq!(
            error.to_string(),
            "the store is in use (path: /data/main.redb, holder: git-prolly (pid 7))"
        );
    }
}
