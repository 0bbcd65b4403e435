use std::path::{Path, PathBuf};

use rustls::sign::CertifiedKey;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::{CertificateError, Kind, Validity, own_key, parsed, read};
use crate::data_dir::DataDir;

/// Description of a certificate for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// File of the certificate.
    pub path: PathBuf,
    /// Period of validity.
    pub validity: Validity,
    /// Host names in the certificate.
    pub names: Vec<String>,
    /// True if this program made the certificate and renews it.
    pub ours: bool,
}

/// Describes the certificates that a server with this data directory and configuration would show. Leaves out missing
/// ones. Changes nothing.
pub fn describe(
    dir: Option<&DataDir>,
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<Vec<Description>, CertificateError> {
    let mut found = Vec::new();
    match (certificate, key) {
        (None, None) => {}
        (Some(certificate), Some(key)) => found.push(own(certificate, key)?),
        _ => return Err(CertificateError::HalfGiven),
    }
    for kind in [Kind::Rsa, Kind::P256] {
        let Some(dir) = dir.filter(|_| certificate.is_none()) else { continue };
        if let Some(pem) = dir.read(kind.file())? {
            let path = dir.file(kind.file());
            let description = read(&pem).and_then(|key| of(&key, path.clone(), true));
            found.push(description.map_err(|reason| CertificateError::Damaged(path, reason))?);
        }
    }
    Ok(found)
}

fn own(certificate: &Path, key: &Path) -> Result<Description, CertificateError> {
    let key = own_key(certificate, key)?;
    of(&key, certificate.to_owned(), false)
        .map_err(|reason| CertificateError::Own(certificate.to_owned(), reason))
}

fn of(key: &CertifiedKey, path: PathBuf, ours: bool) -> Result<Description, String> {
    Ok(Description { path, validity: Validity::of(key)?, names: names(key)?, ours })
}

fn names(key: &CertifiedKey) -> Result<Vec<String>, String> {
    let certificate = parsed(key)?;
    let extension = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let names = extension.map_err(|error| error.to_string())?.map(|(_, names)| names.0).unwrap_or_default();
    let name = |name: GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    };
    Ok(names.into_iter().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use mmcos_core::seam::Wall;

    use super::*;
    use crate::certificate::{Certificates, Subject};
    use crate::data_dir::tests::Scratch;
    use crate::host::program::tests::GAME;

    #[test]
    fn certificates_are_described_and_not_made() {
        let Scratch(dir) = &Scratch::new("describe");
        assert_eq!(describe(Some(dir), None, None).unwrap(), []);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let now = Wall::from_secs(1_795_392_000);
        Certificates::load_or_make(dir, None, None, Subject { info: &GAME, addresses: &[] }, now).unwrap();
        let found = describe(Some(dir), None, None).unwrap();
        assert_eq!(found.len(), 2);
        for description in &found {
            assert!(description.ours && !description.validity.is_due(now));
            assert!(GAME.hosts.iter().all(|host| description.names.iter().any(|name| name == host)));
        }
        let pem = dir.file("certificate-rsa.pem");
        let own = describe(None, Some(&pem), Some(&pem)).unwrap();
        assert!(matches!(own.as_slice(), [own] if !own.ours && own.path == pem));
        assert!(matches!(describe(None, Some(&pem), None), Err(CertificateError::HalfGiven)));
        dir.write("certificate-rsa.pem", b"damaged").unwrap();
        assert!(matches!(describe(Some(dir), None, None), Err(CertificateError::Damaged(..))));
    }
}
