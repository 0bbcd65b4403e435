/// Takes fields off the front of a slice and counts the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    /// Returns the number of bytes taken so far: the offset of the next field.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the number of bytes not yet taken.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes the next `len` bytes. Takes nothing and returns `None` if there are fewer.
    pub(crate) fn slice(&mut self, len: usize) -> Option<&'a [u8]> {
        // Checked, since the length is the sender's word.
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.advance(rest, len);
        Some(taken)
    }

    /// Takes the next `N` bytes. Takes nothing and returns `None` if there are fewer.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.advance(rest, N);
        Some(taken)
    }

    fn advance(&mut self, rest: &'a [u8], taken: usize) {
        self.rest = rest;
        // Never saturates: at most the length of the slice.
        self.offset = self.offset.saturating_add(taken);
    }
}
