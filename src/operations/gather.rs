//! Lists that are needed whole.
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use serde::de::DeserializeOwned;

use crate::gitea::{Address, GiteaError, GiteaReader, Page, Query};

/// The most items that are gathered.
pub(super) const MOST: u64 = 500;
/// Items on each page: the most that Gitea gives unless told otherwise.
pub(super) const PAGE: u64 = 50;

/// Pages that are asked for at the same time: each may be as long as the longest answer.
const AT_ONCE: usize = 2;

/// The items of a list. `more` where there are more than [`MOST`].
pub(super) async fn gather<T: DeserializeOwned>(
    gitea: &GiteaReader,
    address: &Address,
    query: &Query,
) -> Result<Page<T>, GiteaError> {
    gather_lighter(gitea, address, query, PAGE, |_| {}).await
}

/// The same in pages of at most so many, each lighter by what `lighten` takes away before the next
/// ones are read.
pub(super) async fn gather_lighter<T: DeserializeOwned>(
    gitea: &GiteaReader,
    address: &Address,
    query: &Query,
    limit: u64,
    lighten: impl Fn(&mut T),
) -> Result<Page<T>, GiteaError> {
    let most = gitea.facts().await?.page_max.unwrap_or(PAGE);
    let limit = limit.min(most.max(1));
    let page = async |number: u64| {
        let query = query.clone().with("page", number).with("limit", limit);
        let mut page = gitea.list::<T>(address, &query).await;
        let items = page.iter_mut().flat_map(|page| &mut page.items);
        items.for_each(&lighten);
        page
    };
    let mut all = page(1).await?;
    // A forge may be set to smaller pages.
    let size = all.length();
    if !all.more || size == 0 {
        return Ok(all);
    }
    let Some(total) = all.total else {
        let mut number = 1;
        while all.more && number * size < MOST {
            number += 1;
            let page = page(number).await?;
            all.more = page.more && page.length() > 0;
            all.unread += page.unread;
            all.items.extend(page.items);
        }
        return Ok(all);
    };
    let last = total.min(MOST).div_ceil(size);
    let mut pages = iter((2..=last).map(page)).buffered(AT_ONCE);
    while let Some(page) = pages.try_next().await? {
        all.unread += page.unread;
        all.items.extend(page.items);
    }
    // Some lists count what they leave out.
    all.more = last.saturating_mul(size) < total;
    Ok(all)
}
