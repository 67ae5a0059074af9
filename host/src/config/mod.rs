//! What to open: config files, URIs and the environment.
//!
//! This layer turns text into plain data, and knows of each value where it came from. It opens no
//! store and loads no plugin; what a backend's options are is told to it by the caller.
//!
//! A config file that is found beside data may travel with it, so it is held to less: it chooses a
//! backend and plain options inside its own folder. It cannot run code, read an environment
//! variable or another file, or say where credentials are sent. Such a thing is refused when the
//! file is read, before anything is looked up.

mod confine;
mod document;
mod environment;
mod error;
mod load;
mod merge;
mod options;
mod origin;
mod schema;
mod setting;
mod settings;
mod suggest;
mod uri;

pub use environment::Environment;
pub use error::{ConfigError, Hint};
pub use load::{ConfigRequest, PROJECT_FILE};
pub use merge::Config;
pub use options::{Field, Selection};
pub use origin::{Origin, Scope};
pub use setting::{Setting, SettingValue};
pub use settings::{AllowedPlugin, Durability, PluginRules, StoreSettings, UserSettings};
pub use suggest::nearest;
pub use uri::StoreUri;

#[cfg(test)]
mod tests;
