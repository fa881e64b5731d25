//! HTTP: TLS by ring, proxies from the environment, `AWS_CA_BUNDLE`, and the second net of the guard.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::guard::{self, Mode};
use super::tap::Tap;

/// How connections are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pool {
    Kept,
    /// A fresh connection per request: hyper sends again by itself what it tried on a stale one.
    Fresh,
}

/// Which way requests go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// By the proxies of the environment.
    Proxies,
    /// Straight there: a drill leaves nothing to anybody on the way.
    Straight,
}

/// A CA bundle that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub(super) struct BadBundle {
    pub path: PathBuf,
    pub why: String,
}

/// The trust store: the system's roots and the bundle, where one is set.
pub(super) fn trust(bundle: Option<&Path>) -> Result<TlsContext, BadBundle> {
    let roots = TrustStore::empty().with_native_roots(true);
    let bad = |path: &Path, why: String| BadBundle { path: path.to_owned(), why };
    let store = match bundle {
        None => roots,
        Some(path) => {
            let pem = std::fs::read(path).map_err(|e| bad(path, e.to_string()))?;
            if !pem.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") {
                return Err(bad(path, "holds no certificate in PEM form".to_owned()));
            }
            roots.with_pem_certificate(pem)
        }
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map_err(|e| bad(bundle.unwrap_or(Path::new("the system's certificates")), e.to_string()))
}

/// A client behind the net.
pub(super) fn client(mode: Mode, tls: &TlsContext, pool: Pool, way: Way) -> SharedHttpClient {
    let tls = tls.clone();
    let connector = move |settings: Option<&HttpConnectorSettings>, _: Option<&RuntimeComponents>| {
        // HTTP_PROXY, HTTPS_PROXY, NO_PROXY: the SDK's own client reads them, this constructor does not.
        let proxies = match way {
            Way::Proxies => ProxyConfig::from_env(),
            Way::Straight => ProxyConfig::disabled(),
        };
        let mut builder = Connector::builder().proxy_config(proxies);
        // Without these the timeouts of the configuration are lost.
        builder.set_connector_settings(settings.cloned());
        if pool == Pool::Fresh {
            builder = builder.pool_max_idle_per_host(0);
        }
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls.clone()).build()
    };
    let inner = Builder::new().build_with_connector_fn(connector);
    SharedHttpClient::new(Net { mode, inner })
}

#[derive(Debug)]
struct Net {
    mode: Mode,
    inner: SharedHttpClient,
}

impl HttpClient for Net {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = Arc::new(self.inner.http_connector(settings, components));
        SharedHttpConnector::new(NetConnector { mode: self.mode, inner })
    }
}

#[derive(Debug)]
struct NetConnector {
    mode: Mode,
    inner: Arc<SharedHttpConnector>,
}

impl HttpConnector for NetConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if let Err(refusal) = guard::judge(self.mode, &request) {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into())));
        }
        let connection = request.extension::<CaptureSmithyConnection>().cloned().unwrap_or_default();
        request.add_extension(connection.clone());
        if let Some(tap) = request.extension::<Tap>() {
            tap.handed_over(connection);
        }
        self.inner.call(request)
    }
}
