//! Which arguments a call was refused for.
use super::{Argument, Operation, Reading, operations};

impl Reading<'_> {
    /// The arguments that are wrong, and what is wrong with the first. serde does not name the field of
    /// a flattened struct: it is the one whose change helps, or those that nothing else helps.
    pub(super) fn culprits<'o>(
        &self,
        operation: &'o Operation,
        error: String,
    ) -> (Vec<&'o Argument>, String) {
        let fault = |is_changed: &dyn Fn(&str) -> bool| {
            let mut other = self.arguments.clone();
            for (name, value) in &mut other {
                if operation.argument(name).is_some() && is_changed(name) {
                    *value = operations::example(name);
                }
            }
            operation
                .prepare(&other)
                .err()
                .map(|error| error.to_string())
        };
        let sent = operation.arguments.iter();
        let sent = sent.filter(|it| self.arguments.contains_key(&it.name));
        if let Some(one) = sent
            .clone()
            .find(|it| fault(&|name| name == it.name).is_none())
        {
            return (vec![one], error);
        }
        let faults = sent.filter_map(|it| Some((it, fault(&|name| name != it.name)?)));
        let (culprits, faults): (Vec<_>, Vec<_>) = faults.unzip();
        (culprits, faults.into_iter().next().unwrap_or(error))
    }
}
