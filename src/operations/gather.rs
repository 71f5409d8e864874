//! Lists that are needed whole.
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;

use crate::gitea::{Address, GiteaError, GiteaReader, Page, Query};

/// The most items that are gathered.
pub(super) const MOST: u64 = 500;
/// Items on each page: the most that Gitea gives unless told otherwise.
const PAGE: u64 = 50;

/// The items of a list, all pages after the first asked for at the same time. `more` where there
/// are more than [`MOST`].
pub(super) async fn gather<T: DeserializeOwned>(
    gitea: &GiteaReader,
    address: &Address,
    query: &Query,
) -> Result<Page<T>, GiteaError> {
    let page = async |number: u64| {
        let query = query.clone().with("page", number).with("limit", PAGE);
        gitea.list::<T>(address, &query).await
    };
    let mut all = page(1).await?;
    // A forge may be set to smaller pages.
    let size = all.items.len() as u64;
    let Some(total) = all.total.filter(|_| all.more && size > 0) else {
        return Ok(all);
    };
    let last = total.min(MOST).div_ceil(size);
    for page in try_join_all((2..=last).map(page)).await? {
        all.items.extend(page.items);
    }
    all.more = (all.items.len() as u64) < total;
    Ok(all)
}
