//! Who is working: from explicit names, the environment, or Git's configuration.

use std::collections::HashMap;
use std::io;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::signature::{Person, PersonError};

/// Tells who makes and who commits a change. Asked only when something is to be signed.
pub trait Identity: Send + Sync {
    /// Returns who makes the change.
    fn author(&self) -> Result<Person, IdentityError>;

    /// Returns who commits it; the author unless told otherwise.
    fn committer(&self) -> Result<Person, IdentityError> {
        self.author()
    }
}

/// Why nobody can be named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Neither the environment nor Git's configuration names anybody.
    #[error(
        "it is unknown who you are: no {field} is configured; run `git config --global user.{field} \
         …` or set PROLLYTREE_AUTHOR_NAME and PROLLYTREE_AUTHOR_EMAIL"
    )]
    Unknown {
        /// What is missing: `name` or `email`.
        field: &'static str,
    },
    /// What is configured cannot be kept in a commit.
    #[error("the configured identity cannot be used")]
    Invalid(#[from] PersonError),
    /// Git is installed, but could not be asked.
    #[error("could not ask Git for your name")]
    Git(#[source] io::Error),
}

impl Identity for Person {
    fn author(&self) -> Result<Person, IdentityError> {
        Ok(self.clone())
    }
}

/// The identity that Git's users expect: first `PROLLYTREE_AUTHOR_NAME` and `…_EMAIL`, then Git's
/// own variables, then its configuration, read by one run of `git config` when it is needed first
/// and kept from then on.
///
/// As with Git, nothing is guessed from login and host names: a history full of `root@localhost`
/// helps nobody.
#[derive(Debug, Default)]
pub struct SystemIdentity {
    sources: OnceLock<Sources>,
}

impl Identity for SystemIdentity {
    fn author(&self) -> Result<Person, IdentityError> {
        self.sources()?.person("AUTHOR", "author")
    }

    fn committer(&self) -> Result<Person, IdentityError> {
        self.sources()?.person("COMMITTER", "committer")
    }
}

impl SystemIdentity {
    fn sources(&self) -> Result<&Sources, IdentityError> {
        if let Some(sources) = self.sources.get() {
            return Ok(sources);
        }
        let read = Sources::read()?;
        Ok(self.sources.get_or_init(|| read))
    }
}

/// Where names are looked up.
#[derive(Debug)]
struct Sources {
    environment: HashMap<String, String>,
    git: HashMap<String, String>,
}

impl Sources {
    const VARIABLES: [&str; 9] = [
        "PROLLYTREE_AUTHOR_NAME",
        "PROLLYTREE_AUTHOR_EMAIL",
        "PROLLYTREE_COMMITTER_NAME",
        "PROLLYTREE_COMMITTER_EMAIL",
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
        "EMAIL",
    ];

    fn read() -> Result<Self, IdentityError> {
        let environment: HashMap<_, _> = Self::VARIABLES
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?)))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
            .collect();
        let settled = |role: &str| {
            ["NAME", "EMAIL"].iter().all(|field| {
                let own = format!("PROLLYTREE_{role}_{field}");
                let gits = format!("GIT_{role}_{field}");
                environment.contains_key(&own) || environment.contains_key(&gits)
            })
        };
        let git = if settled("AUTHOR") && settled("COMMITTER") {
            HashMap::new()
        } else {
            ask_git()?
        };
        Ok(Self { environment, git })
    }

    fn person(&self, role: &str, section: &str) -> Result<Person, IdentityError> {
        let name = self.field(role, section, "NAME", "name");
        let email = self.field(role, section, "EMAIL", "email");
        let email = email.or_else(|| self.environment.get("EMAIL").map(String::as_str));
        let name = name.ok_or(IdentityError::Unknown { field: "name" })?;
        let email = email.ok_or(IdentityError::Unknown { field: "email" })?;
        Ok(Person::new(name, email)?)
    }

    /// Looks one field up, the nearest source first. Our author's variables also name the committer.
    fn field(&self, role: &str, section: &str, variable: &str, key: &str) -> Option<&str> {
        let environment = [
            format!("PROLLYTREE_{role}_{variable}"),
            format!("PROLLYTREE_AUTHOR_{variable}"),
            format!("GIT_{role}_{variable}"),
        ];
        let git = [format!("{section}.{key}"), format!("user.{key}")];
        let found = environment
            .iter()
            .find_map(|name| self.environment.get(name));
        found
            .or_else(|| git.iter().find_map(|name| self.git.get(name)))
            .map(String::as_str)
            .filter(|value| !value.trim().is_empty())
    }
}

/// Reads names from Git's configuration, that of the current folder's repository included. Where
/// Git is not installed, there is none.
fn ask_git() -> Result<HashMap<String, String>, IdentityError> {
    let asked = Command::new("git")
        .args([
            "config",
            "--null",
            "--get-regexp",
            r"^(user|author|committer)\.(name|email)$",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    match asked {
        Ok(output) => Ok(parse_git(&String::from_utf8_lossy(&output.stdout))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(IdentityError::Git(error)),
    }
}

/// Parses `key`, line break, value, NUL. The last value of a key counts.
fn parse_git(output: &str) -> HashMap<String, String> {
    output
        .split('\0')
        .filter_map(|entry| entry.split_once('\n'))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(environment: &[(&str, &str)], git: &str) -> Sources {
        let environment = environment
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Sources {
            environment,
            git: parse_git(git),
        }
    }

    #[test]
    fn the_nearest_source_names_the_author() {
        let git = "user.name\nGit\0user.email\ngit@x\0committer.name\nBot\0";
        let author = |environment: &[_]| {
            sources(environment, git)
                .person("AUTHOR", "author")
                .unwrap()
                .to_string()
        };
        assert_eq!(author(&[]), "Git <git@x>");
        assert_eq!(author(&[("GIT_AUTHOR_NAME", "Env")]), "Env <git@x>");
        let both = [
            ("GIT_AUTHOR_NAME", "Env"),
            ("PROLLYTREE_AUTHOR_NAME", "Own"),
        ];
        assert_eq!(author(&both), "Own <git@x>");
    }

    #[test]
    fn the_committer_may_be_another() {
        let git = "user.name\nGit\0user.email\ngit@x\0committer.name\nBot\0";
        let committer = |environment: &[_]| {
            sources(environment, git)
                .person("COMMITTER", "committer")
                .unwrap()
                .to_string()
        };
        assert_eq!(committer(&[]), "Bot <git@x>");
        assert_eq!(
            committer(&[("PROLLYTREE_AUTHOR_NAME", "Own")]),
            "Own <git@x>"
        );
        assert_eq!(committer(&[("GIT_AUTHOR_NAME", "Author")]), "Bot <git@x>");
        assert_eq!(committer(&[("GIT_COMMITTER_NAME", "Env")]), "Env <git@x>");
    }

    #[test]
    fn nobody_is_an_error_with_a_remedy() {
        let nobody = sources(&[("EMAIL", "e@x")], "");
        let error = nobody.person("AUTHOR", "author").unwrap_err();
        assert!(matches!(error, IdentityError::Unknown { field: "name" }));
        assert!(error.to_string().contains("git config --global user.name"));
        let blank = sources(&[("GIT_AUTHOR_NAME", " ")], "user.name\nGit\0");
        assert!(
            blank.person("AUTHOR", "author").is_err(),
            "set but blank is not ignored"
        );
    }
}
