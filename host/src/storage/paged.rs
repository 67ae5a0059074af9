//! Listings that are read page by page.

use super::StorageError;

/// Turns a call that gives the page after an item into an iterator over all items. It ends at an
/// empty page, or after an error.
pub(super) fn paged<T: Clone>(
    mut fetch: impl FnMut(Option<&T>) -> Result<Vec<T>, StorageError>,
) -> impl Iterator<Item = Result<T, StorageError>> {
    let mut page = Vec::new().into_iter();
    let (mut last, mut ended) = (None, false);
    std::iter::from_fn(move || {
        if page.as_slice().is_empty() && !ended {
            match fetch(last.as_ref()) {
                Ok(items) => {
                    ended = items.is_empty();
                    last = items.last().cloned();
                    page = items.into_iter();
                }
                Err(error) => {
                    ended = true;
                    return Some(Err(error));
                }
            }
        }
        page.next().map(Ok)
    })
}
