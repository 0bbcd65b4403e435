/// The rest of the bytes that decide what happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script<'a>(pub(super) &'a [u8]);

impl<'a> Script<'a> {
    /// Returns the next byte; `None` at the end.
    pub(super) fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// Returns the next byte; 0 past the end.
    pub(super) fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    /// Returns the next two bytes as a number, the low one first.
    pub(super) fn number(&mut self) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()]))
    }

    /// Returns the next bytes, or as many of them as there are.
    pub(super) fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

/// Returns `bytes` with each of the names, which begin with a brace, replaced by its value: for what a fuzzer could
/// not guess.
pub(super) fn filled(bytes: &[u8], values: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'{') {
        let (before, from) = rest.split_at(at);
        let found = values.iter().find_map(|(name, value)| Some((*value, from.strip_prefix(*name)?)));
        let (value, after) = found.unwrap_or_else(|| from.split_at(1));
        filled.extend_from_slice(before);
        filled.extend_from_slice(value);
        rest = after;
    }
    filled.extend_from_slice(rest);
    filled
}
