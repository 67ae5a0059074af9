//! `embed`: the vector of a text.

use std::io::{Read, Write};

use prollytree::open;
use prollytree_plugin_api::Call;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{FormatArgs, out, write_json};
use crate::session::Session;

/// Turn a text into a vector
///
/// The embedder is chosen by the table [embedder.NAME] of the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly embed 'a text'
  git-prolly embed --embedder small 'a text' --format json
  git-prolly embed --stdin < document.txt")]
pub(crate) struct Embed {
    /// The text
    #[arg(required_unless_present = "stdin")]
    text: Option<String>,

    /// Read the text from standard input
    #[arg(long, conflicts_with = "text")]
    stdin: bool,

    /// The embedder, by its name in the configuration
    #[arg(long, value_name = "NAME", default_value = "default")]
    embedder: String,

    #[command(flatten)]
    format: FormatArgs,
}

impl Embed {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let config = session.config()?;
        let selection = config.embedder(&self.embedder)?;
        let registry = Session::registry(&config);
        let embedder = open::embedder(&selection, &registry)?;
        let info = embedder.info();
        let text = self.text()?;
        let mut vector = vec![0.0; info.dimensions];
        let answer = embedder.embed_many(&Call::UNLIMITED, &[&text], &mut vector);
        answer.map_err(|error| {
            Failure::Input(format!("the embedder `{}` failed: {error}", selection.name))
        })?;
        let mut out = out();
        if self.format.is_json() {
            let answer = json!({
                "id": info.id,
                "version": info.version,
                "dimensions": info.dimensions,
                "vector": Value::from(vector),
            });
            write_json(&mut out, &answer)?;
            return Ok(out.flush()?);
        }
        for number in vector {
            writeln!(out, "{number}")?;
        }
        Ok(out.flush()?)
    }

    fn text(&self) -> Result<String, Failure> {
        if let Some(text) = &self.text {
            return Ok(text.clone());
        }
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .read_to_string(&mut text)
            .map_err(|source| Failure::File {
                doing: "read",
                path: "standard input".into(),
                source,
            })?;
        Ok(text)
    }
}
