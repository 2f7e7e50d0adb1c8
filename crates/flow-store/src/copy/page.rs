//! How much is read and written at once.

/// So many rows, or fewer once they come to so many bytes: what is held does not grow with the size of the rows, save for
/// one that is larger by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// The most rows.
    pub rows: usize,
    /// No further row once there are so many bytes.
    pub bytes: usize,
}

/// What a copy reads and writes at once.
pub const PAGE: PageSize = PageSize { rows: 2000, bytes: 4 << 20 };

impl PageSize {
    /// How many of the rows that come next are a page, by their sizes in bytes. The first one always is in it.
    pub fn count(self, sizes: impl IntoIterator<Item = usize>) -> usize {
        let mut bytes: usize = 0;
        let has_room = |size: &usize| {
            let has_room = bytes < self.bytes;
            bytes = bytes.saturating_add(*size);
            has_room
        };
        sizes.into_iter().take(self.rows).take_while(has_room).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_with_the_row_that_fills_it_and_has_one_row_at_least() {
        let page = PageSize { rows: 4, bytes: 100 };
        assert_eq!(page.count([10; 9]), 4);
        assert_eq!(page.count([50; 9]), 2);
        assert_eq!(page.count([60; 9]), 2);
        assert_eq!(page.count([1 << 30, 1]), 1);
        assert_eq!(page.count([0, 99, usize::MAX, usize::MAX]), 3);
        assert_eq!(page.count([]), 0);
    }
}
