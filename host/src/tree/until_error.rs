//! Iterators that end after an error.

/// Gives what another iterator gives up to its first error, that one included.
pub(crate) struct UntilError<I>(Option<I>);

impl<I> UntilError<I> {
    pub(crate) fn new(items: I) -> Self {
        Self(Some(items))
    }

    fn pass<T, E>(
        &mut self,
        take: impl FnOnce(&mut I) -> Option<Result<T, E>>,
    ) -> Option<Result<T, E>> {
        let item = take(self.0.as_mut()?);
        if !matches!(item, Some(Ok(_))) {
            self.0 = None;
        }
        item
    }
}

impl<T, E, I: Iterator<Item = Result<T, E>>> Iterator for UntilError<I> {
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pass(I::next)
    }
}

impl<T, E, I: DoubleEndedIterator<Item = Result<T, E>>> DoubleEndedIterator for UntilError<I> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.pass(I::next_back)
    }
}
