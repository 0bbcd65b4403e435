use core::fmt;

use rsa::{
    BoxedUint,
    pkcs1v15::{Signature, VerifyingKey},
    signature::Verifier,
};
use sha1::Sha1;

use super::Ticket;

/// The modulus of Steam's public "system" key, the same for everybody, as published by `SteamKit` and others. It
/// verifies real tickets of the game.
const STEAM_MODULUS: &str = "\
    dfec1ad62c10662c17353a14b07c59117f9dd3d82b7ae3e015cd191e46e87b87\
    74a2184631a9031479828ee945a24912a923687389cf69a1b16146bdc1bebfd6\
    011bd881d4dc90fbfe4f527366cb9570d7c58eba1c7a3375a1623446bb60b780\
    68fa13a77a8a374b9ec6f45d5f3a99f99ec43ae963a2bb881928e0e714c04289";

/// The key that tickets are signed with: RSA with 1024 bits, SHA-1, PKCS#1 v1.5. Steam's own, or one for tests.
#[derive(Clone)]
pub struct PublicKey {
    verifier: VerifyingKey<Sha1>,
}

/// The modulus is not an odd number of 1024 to 8192 bits in hex, or the exponent is even or below 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an RSA key of at least 1024 bits, its modulus in hex")]
pub struct NotAKey;

/// The signature is not of this key over this ticket: the ticket was changed, or Steam never made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Steam ticket's signature is not valid: Steam did not issue this ticket, or it was changed")]
pub struct SignatureError;

impl PublicKey {
    /// Steam's own key.
    ///
    /// # Errors
    /// None: a test holds the constant to that.
    pub fn steam() -> Result<Self, NotAKey> {
        Self::new(STEAM_MODULUS, 17)
    }

    /// The key with this modulus, in hex, and this exponent.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn new(modulus: &str, exponent: u64) -> Result<Self, NotAKey> {
        let bits =
            u32::try_from(modulus.len()).ok().and_then(|digits| digits.checked_mul(4)).ok_or(NotAKey)?;
        let modulus = BoxedUint::from_be_hex(modulus, bits).into_option().ok_or(NotAKey)?;
        let key = rsa::PublicKey::new(modulus, BoxedUint::from(exponent)).map_err(|_| NotAKey)?;
        Ok(Self { verifier: VerifyingKey::new(key) })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(…)")
    }
}

impl Ticket {
    /// Checks the signature over the ownership part.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let signature = Signature::try_from(self.signature.as_slice()).map_err(|_| SignatureError)?;
        key.verifier.verify(&self.ownership(), &signature).map_err(|_| SignatureError)
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use rsa::{PrivateKey, pkcs1v15::SigningKey, signature::Signer};

    use super::{
        super::{AppId, SteamId, UnixTime},
        *,
    };

    /// The primes of a key made for these tests.
    const P: &str = "eb93f75ef96748e8e71295f15146cdda27327135ace88360f4646ed5ef7b63449d14394ee876af241f103694fe4041c178337e31f89a7177e7fd4bda2f39ca6f";
    const Q: &str = "c633b2d18a545929a22b57031625037ff2ffd78ba4a2314764c77a7f0e0455d7c2ee2d384ee8bc5a99fdaf1209b6f2c6dc56858ca88e4c8b903728c7e7305fe5";

    fn signed() -> (Ticket, PublicKey) {
        let prime = |hex| BoxedUint::from_be_hex(hex, 512).unwrap();
        let private = PrivateKey::from_p_q(prime(P), prime(Q), BoxedUint::from(65_537_u64)).unwrap();
        let mut ticket =
            Ticket::sample(SteamId::new(76_561_202_255_230_001), AppId(535_850), UnixTime(1_700_000_000));
        let signing = SigningKey::<Sha1>::new(private);
        ticket.signature = Box::<[u8]>::from(signing.sign(&ticket.ownership())).as_ref().try_into().unwrap();
        let key = PublicKey { verifier: rsa::signature::Keypair::verifying_key(&signing) };
        (ticket, key)
    }

    #[test]
    fn a_signed_ticket_is_valid_under_its_key_alone() {
        let (ticket, key) = signed();
        assert_eq!(ticket.verify(&key), Ok(()));
        assert_eq!(ticket.verify(&PublicKey::steam().unwrap()), Err(SignatureError));
    }

    #[test]
    fn every_flipped_bit_of_the_ownership_or_the_signature_is_noticed() {
        let (ticket, key) = signed();
        let bytes = ticket.encode();
        let signed_from = bytes.len() - 128 - ticket.ownership().len();
        for at in (signed_from..bytes.len()).step_by(3) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(
                Ticket::parse(&changed).is_err_and(|_| true)
                    || Ticket::parse(&changed).unwrap().verify(&key).is_err()
            );
        }
    }
}
