//! Lists that are needed whole.
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;

use crate::gitea::{Address, GiteaError, GiteaReader, Page, Query};

/// The most items that are gathered.
pub(super) const MOST: u64 = 500;
/// Items on each page: the most that Gitea gives unless told otherwise.
const PAGE: u64 = 50;

/// The items of a list, all pages after the first asked for at the same time, or one after the
/// other where no total is told. `more` where there are more than [`MOST`].
pub(super) async fn gather<T: DeserializeOwned>(
    gitea: &GiteaReader,
    address: &Address,
    query: &Query,
) -> Result<Page<T>, GiteaError> {
    let most = gitea.facts().await?.page_max.unwrap_or(PAGE);
    let limit = PAGE.min(most.max(1));
    let page = async |number: u64| {
        let query = query.clone().with("page", number).with("limit", limit);
        gitea.list::<T>(address, &query).await
    };
    let mut all = page(1).await?;
    // A forge may be set to smaller pages.
    let size = all.items.len() as u64;
    if !all.more || size == 0 {
        return Ok(all);
    }
    let Some(total) = all.total else {
        let mut number = 1;
        while all.more && number * size < MOST {
            number += 1;
            let page = page(number).await?;
            all.more = page.more && !page.items.is_empty();
            all.items.extend(page.items);
        }
        return Ok(all);
    };
    let last = total.min(MOST).div_ceil(size);
    for page in try_join_all((2..=last).map(page)).await? {
        all.items.extend(page.items);
    }
    all.more = (all.items.len() as u64) < total;
    Ok(all)
}
