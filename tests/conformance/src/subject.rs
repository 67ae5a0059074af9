//! What is put to the test, and how the suite gets hold of it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use prollytree_plugin_api::{
    Backend, Embedder, EmbedderKind, Error, NodeStorage, OpenStorage, Options, Result,
};
use serde_json::Value;

/// A backend under test: gives options for a place of its own, and opens stores.
///
/// The suite opens a place several times, one after another and at once, from several processes.
pub trait Subject: Send + Sync {
    /// The name under which the backend is registered.
    fn name(&self) -> &str;

    /// Returns the options of a store that is not there yet. `folder` is new, empty, the store's
    /// own, and deleted by the suite in the end; nothing is put beside it.
    ///
    /// The options are all that another process needs in order to open the same store.
    ///
    /// # Errors
    /// Whatever keeps the place from being made.
    fn place(&self, folder: &Path) -> Result<Options>;

    /// Opens a store.
    ///
    /// # Errors
    /// As the backend says.
    fn open(&self, how: &OpenStorage) -> Result<Arc<dyn NodeStorage>>;

    /// Removes what a store left outside of its folder: a bucket, a table of a server. Called once
    /// for every place.
    ///
    /// # Errors
    /// Whatever keeps it from being removed.
    fn discard(&self, options: &Options) -> Result<()> {
        let _ = options;
        Ok(())
    }
}

/// An embedder under test.
pub trait EmbedderSubject: Send + Sync {
    /// The name under which the embedder is registered.
    fn name(&self) -> &str;

    /// Loads the model.
    ///
    /// # Errors
    /// As the embedder says.
    fn open(&self) -> Result<Arc<dyn Embedder>>;
}

type OpenStore = dyn Fn(&OpenStorage) -> Result<Arc<dyn NodeStorage>> + Send + Sync;
type OpenModel = dyn Fn() -> Result<Arc<dyn Embedder>> + Send + Sync;

/// A subject made of a way to open stores and of options with placeholders.
///
/// In the texts of the options `{folder}` stands for the folder of the store and `{unique}` for a
/// word that no other store has.
pub struct TemplateSubject {
    name: String,
    template: Options,
    open: Box<OpenStore>,
}

impl TemplateSubject {
    /// Tests whatever `open` opens. `template` is a JSON object such as
    /// `{"path": "{folder}/store"}`.
    ///
    /// # Panics
    /// If `template` is not an object.
    pub fn new(
        name: impl Into<String>,
        template: Value,
        open: impl Fn(&OpenStorage) -> Result<Arc<dyn NodeStorage>> + Send + Sync + 'static,
    ) -> Self {
        let Value::Object(template) = template else {
            panic!("the options of a store are a JSON object, not {template}");
        };
        Self {
            name: name.into(),
            template,
            open: Box::new(open),
        }
    }

    /// Tests a backend that is linked in.
    ///
    /// # Panics
    /// If `template` is not an object.
    #[must_use]
    pub fn of(backend: &Backend, template: Value) -> Self {
        Self::new(backend.name, template, backend.open)
    }
}

impl fmt::Debug for TemplateSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TemplateSubject({})", self.name)
    }
}

impl Subject for TemplateSubject {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self, folder: &Path) -> Result<Options> {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let folder = folder.to_str().ok_or_else(|| {
            let message = format!("the folder {} is not UTF-8", folder.display());
            Error::new(prollytree_plugin_api::ErrorKind::INVALID_ARGUMENT, message)
        })?;
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let now = prollytree_plugin_api::Timestamp::now().0;
        let unique = format!("{now:x}-{:x}-{number:x}", std::process::id());
        let fill = |value: &Value| filled(value, folder, &unique);
        Ok(self
            .template
            .iter()
            .map(|(name, value)| (name.clone(), fill(value)))
            .collect())
    }

    fn open(&self, how: &OpenStorage) -> Result<Arc<dyn NodeStorage>> {
        (self.open)(how)
    }
}

fn filled(value: &Value, folder: &str, unique: &str) -> Value {
    match value {
        Value::String(text) => {
            Value::from(text.replace("{folder}", folder).replace("{unique}", unique))
        }
        Value::Array(values) => values
            .iter()
            .map(|value| filled(value, folder, unique))
            .collect(),
        other => other.clone(),
    }
}

/// A subject made of a way to load a model.
pub struct ModelSubject {
    name: String,
    open: Box<OpenModel>,
}

impl ModelSubject {
    /// Tests whatever `open` loads.
    pub fn new(
        name: impl Into<String>,
        open: impl Fn() -> Result<Arc<dyn Embedder>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            open: Box::new(open),
        }
    }

    /// Tests an embedder that is linked in.
    #[must_use]
    pub fn of(kind: &EmbedderKind, options: Options) -> Self {
        let open = kind.open;
        Self::new(kind.name, move || open(&options))
    }
}

impl fmt::Debug for ModelSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelSubject({})", self.name)
    }
}

impl EmbedderSubject for ModelSubject {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> Result<Arc<dyn Embedder>> {
        (self.open)()
    }
}
