//! Patterns for keys: `*` stands for anything, `?` for one character, `[a-z]` for one of several,
//! `[!a-z]` for one of all others; a backslash takes the next character as it is.

use std::str::FromStr;

/// A pattern that a whole key has to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Anything,
    Any,
    One(char),
    Of {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            tokens.push(match c {
                '*' if tokens.last() == Some(&Token::Anything) => continue,
                '*' => Token::Anything,
                '?' => Token::Any,
                '[' => class(&mut rest)?,
                '\\' => Token::One(
                    rest.next()
                        .ok_or("a backslash needs a character after it")?,
                ),
                c => Token::One(c),
            });
        }
        Ok(Self(tokens))
    }
}

impl Pattern {
    /// Says whether the whole key matches. Costs at most the product of both lengths.
    pub(crate) fn matches(&self, key: &[u8]) -> bool {
        let (mut token, mut at) = (0, 0);
        let mut retry = None;
        loop {
            let (c, length) = first_char(&key[at..]);
            match self.0.get(token) {
                Some(Token::Anything) => {
                    retry = Some((token, at));
                    token += 1;
                    continue;
                }
                Some(wanted) if length > 0 && wanted.takes(c) => {
                    (token, at) = (token + 1, at + length);
                    continue;
                }
                None if length == 0 => return true,
                _ => {}
            }
            // Let the last `*` take one more character.
            let Some((star, from)) = retry else {
                return false;
            };
            let (_, length) = first_char(&key[from..]);
            if length == 0 {
                return false;
            }
            retry = Some((star, from + length));
            (token, at) = (star + 1, from + length);
        }
    }
}

impl Token {
    /// Says whether one character matches; `None` is a byte that belongs to none.
    fn takes(&self, c: Option<char>) -> bool {
        match self {
            Self::Anything | Self::Any => true,
            Self::One(wanted) => c == Some(*wanted),
            Self::Of { negated, ranges } => {
                c.is_some_and(|c| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)))
                    != *negated
            }
        }
    }
}

/// Reads the rest of `[…]`.
fn class(rest: &mut std::str::Chars<'_>) -> Result<Token, String> {
    let inner = rest.as_str();
    let unclosed = || "`[` needs a `]` after it; write `\\[` for a bracket".to_owned();
    let negated = inner.starts_with('!');
    let inner = inner.strip_prefix('!').unwrap_or(inner);
    // A bracket right at the beginning is one of the characters.
    let end = inner
        .char_indices()
        .skip(1)
        .find(|(_, c)| *c == ']')
        .ok_or_else(unclosed)?
        .0;
    let mut chars = inner[..end].chars().peekable();
    let mut ranges = Vec::new();
    while let Some(from) = chars.next() {
        let mut ahead = chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) => {
                ranges.push((from, to));
                chars = ahead;
            }
            _ => ranges.push((from, from)),
        }
    }
    *rest = inner[end + 1..].chars();
    Ok(Token::Of { negated, ranges })
}

/// Returns the first character and its length; of what is not UTF-8, one byte; of nothing, zero.
fn first_char(bytes: &[u8]) -> (Option<char>, usize) {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(c) => (Some(c), c.len_utf8()),
        None => (None, head.len().min(1)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Matches in the plainest way there is.
    fn oracle(tokens: &[Token], text: &[char]) -> bool {
        match (tokens.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((Token::Anything, rest)), None) => oracle(rest, text),
            (Some((Token::Anything, rest)), Some((_, tail))) => {
                oracle(rest, text) || oracle(tokens, tail)
            }
            (Some((token, rest)), Some((c, tail))) => token.takes(Some(*c)) && oracle(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_trying_everything(
            pattern in "([ab*?]|\\[[!ab]b\\]|é){0,8}",
            key in "[abé]{0,8}",
        ) {
            let pattern: Pattern = pattern.parse().unwrap();
            let chars: Vec<_> = key.chars().collect();
            prop_assert_eq!(pattern.matches(key.as_bytes()), oracle(&pattern.0, &chars));
        }

        #[test]
        fn no_pattern_and_no_key_make_it_panic(
            pattern in "\\PC{0,12}",
            key in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            if let Ok(pattern) = pattern.parse::<Pattern>() {
                pattern.matches(&key);
            }
        }
    }

    #[test]
    fn patterns_match_whole_keys() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("", &[""], &["x"]),
            ("*", &["", "a/b"], &[]),
            ("text/*", &["text/", "text/a/b"], &["text", "xtext/a"]),
            (
                "*.js?n",
                &["a.json", "a.jsön", ".js.json"],
                &["a.json5", "json"],
            ),
            ("a*b*c", &["abc", "aXbXbYc"], &["ab", "acb"]),
            ("[a-cx]?", &["a1", "xé"], &["d1", "a"]),
            ("[!a-c]", &["d", "-", "é"], &["a", ""]),
            ("[]-]", &["]", "-"], &["a"]),
            ("\\*\\[", &["*["], &["x["]),
        ];
        for (pattern, matching, others) in cases {
            let compiled: Pattern = pattern.parse().unwrap();
            for key in *matching {
                assert!(compiled.matches(key.as_bytes()), "{pattern} {key}");
            }
            for key in *others {
                assert!(!compiled.matches(key.as_bytes()), "{pattern} {key}");
            }
        }
        assert!("a?*".parse::<Pattern>().unwrap().matches(b"a\xff\xfe"));
        assert!(!"a?".parse::<Pattern>().unwrap().matches(b"a\xff\xfe"));
    }

    #[test]
    fn a_hostile_pattern_ends_in_time() {
        let pattern: Pattern = "*a".repeat(40).parse().unwrap();
        assert!(!pattern.matches("a".repeat(4000).trim_end().replace("aa", "ab").as_bytes()));
        for wrong in ["[a", "[", "a\\", "[]"] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
    }
}
