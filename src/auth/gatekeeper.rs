//! The gate itself.
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::GateSettings;
use crate::{audit::AuditLog, keys::KeyRing};

/// All that is needed to let somebody in: the keys in force, the failures so far, the log.
#[derive(Debug)]
pub struct Gatekeeper {
    settings: GateSettings,
    keys: ArcSwap<KeyRing>,
    audit: Arc<AuditLog>,
}

impl Gatekeeper {
    pub fn new(settings: GateSettings, keys: KeyRing, audit: Arc<AuditLog>) -> Self {
        Self {
            settings,
            keys: ArcSwap::from_pointee(keys),
            audit,
        }
    }
}
