//! Whether a licence expression can be met with the licences that we accept.

/// Judges an SPDX expression: names joined by `AND`, `OR` and brackets; the older `/` means `OR`.
/// An exception (`WITH …`) only grants more and is passed over. `None` if it is not an expression.
pub(crate) fn is_met(expression: &str, accepts: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        words: &words,
        accepts,
    };
    let met = parser.any()?;
    parser.words.is_empty().then_some(met)
}

struct Parser<'a> {
    words: &'a [&'a str],
    accepts: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.take("OR") {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.any()?;
            return self.take(")").then_some(met);
        }
        let (name, rest) = self.words.split_first()?;
        if matches!(*name, "AND" | "OR" | "WITH" | ")") {
            return None;
        }
        self.words = rest;
        if self.take("WITH") {
            self.words = self.words.get(1..)?;
        }
        Some((self.accepts)(name))
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_met;

    fn met(expression: &str) -> Option<bool> {
        is_met(expression, &|name| {
            matches!(name, "MIT" | "Apache-2.0" | "Unicode-3.0")
        })
    }

    #[test]
    fn one_licence_of_a_choice_is_enough() {
        assert_eq!(met("GPL-3.0 OR MIT"), Some(true));
        assert_eq!(met("GPL-3.0/Apache-2.0"), Some(true));
        assert_eq!(met("GPL-3.0 OR AGPL-3.0"), Some(false));
    }

    #[test]
    fn of_a_sum_all_are_needed() {
        assert_eq!(met("(MIT OR GPL-3.0) AND Unicode-3.0"), Some(true));
        assert_eq!(met("MIT AND GPL-3.0"), Some(false));
        assert_eq!(met("Apache-2.0 WITH LLVM-exception OR GPL-3.0"), Some(true));
    }

    #[test]
    fn what_is_no_expression_is_not_judged() {
        for text in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "AND"] {
            assert_eq!(met(text), None, "{text}");
        }
    }
}
