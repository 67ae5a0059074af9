//! Rust source as tokens with their lines: enough to find paths, items and braces, without macros
//! or syntax. Comments are left out; what is in a string never looks like code.

/// A piece of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// The text; of a string, what is between the quotes.
    pub(crate) text: &'a str,
    /// The line it begins on, counted from 1.
    pub(crate) line: usize,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier, a keyword or a number.
    Word,
    /// A string of any sort.
    Text,
    /// A character, a byte or a lifetime.
    Quote,
    /// `::` or any single other character.
    Mark,
}

impl Token<'_> {
    /// Says whether this is the word or the mark `text`.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && self.text == text
    }
}

/// Splits source into tokens. Never fails: source that rustc refuses is judged by rustc.
pub(crate) fn tokenize(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        source,
        at: 0,
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token() {
        tokens.push(token);
    }
    tokens
}

/// Finds the index just after the group that opens at `open`, or the end.
pub(crate) fn skip_group(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != Kind::Mark {
            continue;
        }
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn next_token(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let line = self.line;
        let rest = &self.source[self.at..];
        let first = rest.chars().next()?;
        if let Some((prefix, closing, escapes)) = opens_text(rest) {
            let text = self.take_text(prefix, &closing, escapes);
            return Some(Token {
                kind: Kind::Text,
                text,
                line,
            });
        }
        let (kind, length) = match first {
            '\'' => (Kind::Quote, quote_length(rest)),
            'b' if rest.starts_with("b'") => (Kind::Quote, 1 + quote_length(&rest[1..])),
            _ if is_word(first) => (Kind::Word, word_length(rest)),
            _ if rest.starts_with("::") => (Kind::Mark, 2),
            _ => (Kind::Mark, first.len_utf8()),
        };
        let text = self.take(length);
        Some(Token {
            kind,
            text: text.strip_prefix("r#").unwrap_or(text),
            line,
        })
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = &self.source[self.at..];
            let blank = rest.len() - rest.trim_start().len();
            let length = if blank > 0 {
                blank
            } else if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                block_comment_length(rest)
            } else {
                return;
            };
            self.take(length);
        }
    }

    fn take_text(&mut self, prefix: usize, closing: &str, has_escapes: bool) -> &'a str {
        self.take(prefix);
        let rest = &self.source[self.at..];
        let mut end = 0;
        while end < rest.len() && !rest[end..].starts_with(closing) {
            let mut chars = rest[end..].chars();
            let first = chars.next().map_or(1, char::len_utf8);
            let escaped = has_escapes && rest[end..].starts_with('\\');
            end += first
                + if escaped {
                    chars.next().map_or(0, char::len_utf8)
                } else {
                    0
                };
        }
        let text = self.take(end);
        self.take(closing.len().min(self.source.len() - self.at));
        text
    }

    fn take(&mut self, length: usize) -> &'a str {
        let text = &self.source[self.at..self.at + length];
        self.at += length;
        self.line += text.matches('\n').count();
        text
    }
}

/// Where a string opens: the length of its opening, what closes it, whether `\` escapes.
fn opens_text(rest: &str) -> Option<(usize, String, bool)> {
    let letters = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    if letters > 2 {
        return None;
    }
    let raw = rest[..letters].contains('r');
    let after = &rest[letters..];
    let hashes = if raw {
        after.len() - after.trim_start_matches('#').len()
    } else {
        0
    };
    after[hashes..].starts_with('"').then(|| {
        (
            letters + hashes + 1,
            format!("\"{}", "#".repeat(hashes)),
            !raw,
        )
    })
}

/// The length of a character literal or a lifetime.
fn quote_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((escaped, letter))) => {
            let from = escaped + letter.len_utf8();
            rest[from..]
                .find('\'')
                .map_or(rest.len(), |close| from + close + 1)
        }
        (Some(_), Some((close, '\''))) => close + 1,
        _ => 1 + word_length(&rest[1..]),
    }
}

fn word_length(rest: &str) -> usize {
    let from = if rest.starts_with("r#") { 2 } else { 0 };
    rest[from..]
        .find(|c| !is_word(c))
        .map_or(rest.len(), |length| from + length)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::{Kind, skip_group, tokenize};

    fn words(source: &str) -> Vec<&str> {
        tokenize(source)
            .iter()
            .filter(|token| token.kind == Kind::Word)
            .map(|t| t.text)
            .collect()
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let source =
            "a // b\n/* c /* d */ e */ f \"g \\\" h\" r#\"i \" j\"# b\"k\" 'l' '\\'' b'm' n";
        assert_eq!(words(source), ["a", "f", "n"]);
    }

    #[test]
    fn a_lifetime_does_not_swallow_what_follows() {
        assert_eq!(
            words("fn get<'a>(x: &'a str) -> &'static str"),
            ["fn", "get", "x", "str", "str"]
        );
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let tokens = tokenize("/*\n*/ \"\n\n\" a");
        assert_eq!(
            tokens.last().map(|token| (token.text, token.line)),
            Some(("a", 4))
        );
    }

    #[test]
    fn words_may_begin_like_strings() {
        assert_eq!(
            words("bar crate r#type br b"),
            ["bar", "crate", "type", "br", "b"]
        );
    }

    #[test]
    fn a_group_ends_where_its_bracket_closes() {
        let tokens = tokenize("fn f(a: [u8; 4]) { { } } g");
        let open = tokens
            .iter()
            .position(|token| token.is("{"))
            .expect("there is a brace");
        assert_eq!(tokens[skip_group(&tokens, open)].text, "g");
    }
}
