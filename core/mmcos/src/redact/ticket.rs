use alloc::vec::Vec;
use core::ops::Range;

use mmcos_core::wire::steam::{PublicKey, SIGNATURE_LEN, Ticket, TicketError, verify};
use rand_chacha::ChaCha8Rng;
use rsa::PrivateKey;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts as _;
use sha1::{Digest as _, Sha1};

/// Ranges of a Steam ticket with secrets and addresses: the GC token, the public address, and both addresses of the
/// signed part.
const BLANKED: [Range<usize>; 3] = [4..12, 36..40, 76..84];
/// Start of the signed part.
const SIGNED: usize = 56;

/// A key that signs in Steam's place for the length of a trace. It is never disclosed.
pub(super) struct Signer {
    key: PrivateKey,
    public: PublicKey,
}

impl Signer {
    pub(super) fn generate(random: &mut ChaCha8Rng) -> Option<Self> {
        let key = PrivateKey::new(random, SIGNATURE_LEN.saturating_mul(8)).ok()?;
        let public = PublicKey::new(&(*key.n_bytes()).try_into().ok()?, 65_537).ok()?;
        Some(Self { key, public })
    }

    pub(super) fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.key.sign(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(bytes)).ok()
    }
}

/// Returns the Steam ticket without secrets, addresses and Steam's signature. If the signature was valid, `signer`
/// signs instead; a malformed ticket stays malformed, for the same reason.
pub(super) fn blank(mut bytes: Vec<u8>, signer: Option<&(PublicKey, Signer)>) -> Vec<u8> {
    let parsed = Ticket::parse(&bytes);
    let signer =
        signer.filter(|(steam, _)| parsed.as_ref().is_ok_and(|ticket| verify(ticket, steam).is_ok()));
    let told = told(&parsed, bytes.len());
    for range in BLANKED {
        if let Some(secret) = bytes.get_mut(range) {
            secret.fill(0);
        }
    }
    if let Some(rest) = bytes.get_mut(told..) {
        rest.fill(0);
    }
    if let Some((signed, signature)) =
        bytes.get_mut(SIGNED..).and_then(<[u8]>::split_last_chunk_mut::<SIGNATURE_LEN>)
        && let Some(ours) = signer.and_then(|(_, signer)| signer.sign(signed))
        && ours.len() == SIGNATURE_LEN
    {
        signature.copy_from_slice(&ours);
    }
    bytes
}

/// Returns the number of bytes that decide the ticket's content, or why it is malformed.
fn told(parsed: &Result<Ticket<'_>, TicketError>, len: usize) -> usize {
    match parsed {
        Ok(_) => len.saturating_sub(SIGNATURE_LEN),
        Err(TicketError::Unexpected { at, .. }) => at.saturating_add(size_of::<u32>()),
        Err(TicketError::Trailing { at, .. }) => at.saturating_sub(SIGNATURE_LEN),
        Err(TicketError::Truncated { at, .. }) => *at,
        Err(_) => 0,
    }
}
