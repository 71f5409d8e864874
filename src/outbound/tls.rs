//! Which certificates are believed.
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};

/// Whose certificates are believed, `GITEA_TLS_ROOTS`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TlsRoots {
    /// Mozilla's list, compiled in.
    #[default]
    Webpki,
    /// The system's store, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    System,
}

/// Why certificates could not be read: for the operator to mend.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(
        "`GITEA_CA_FILE` holds no certificates in PEM: {0}; for example `GITEA_CA_FILE=/etc/ssl/certs/forge-ca.pem`"
    )]
    CaFile(String),
    #[error("the system's certificate store is empty ({0}); use `webpki` or name a CA file")]
    NoSystemRoots(String),
}

pub(super) fn config(roots: TlsRoots, ca_pem: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        TlsRoots::Webpki => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        TlsRoots::System => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = store.add_parsable_certificates(found.certs);
            if added == 0 && ca_pem.is_none() {
                let reason = found.errors.first().map(ToString::to_string);
                let reason = reason.unwrap_or_else(|| "nothing found".to_owned());
                return Err(TlsError::NoSystemRoots(reason));
            }
        }
    }
    if let Some(pem) = ca_pem {
        add_pem(&mut store, pem).map_err(TlsError::CaFile)?;
    }
    // The provider by name: there is no process-wide default, so nothing can miss it and panic.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has what TLS 1.2 and 1.3 need")
        .with_root_certificates(store)
        .with_no_client_auth();
    // HTTP/2 would come through `h2` 0.3, which is not maintained.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn add_pem(store: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let mut any = false;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        store.add(certificate).map_err(|error| error.to_string())?;
        any = true;
    }
    if any {
        Ok(())
    } else {
        Err("there is none".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[test]
    fn only_http_1_is_offered() {
        let config = config(TlsRoots::Webpki, None).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1"]);
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        for pem in [
            &b""[..],
            b"\0",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let error = config(TlsRoots::Webpki, Some(pem)).unwrap_err();
            let error = error.to_string();
            assert!(
                error.starts_with("`GITEA_CA_FILE` holds no certificates in PEM: "),
                "{error}"
            );
        }
    }
}
