//! What is told of before it is durable.

use tokio::sync::watch;

/// Whether something that was told of is durable. Until then nobody but who was told may see what comes of it.
#[derive(Debug, Clone)]
pub struct Durability(Option<watch::Receiver<bool>>);

/// Says of something that it has become durable; dropped without having said so, that it never will.
#[derive(Debug)]
pub struct DurableLater(watch::Sender<bool>);

impl Durability {
    /// It is durable already.
    pub const ALREADY: Self = Self(None);

    /// It may become durable.
    pub fn later() -> (DurableLater, Self) {
        let (say, said) = watch::channel(false);
        (DurableLater(say), Self(Some(said)))
    }

    /// Whether nothing has to be waited for.
    pub fn is_already(&self) -> bool {
        self.0.as_ref().is_none_or(|said| *said.borrow())
    }

    /// Waits until that is known. The answer is whether it is durable; it never will be if its write failed.
    pub async fn wait(self) -> bool {
        match self.0 {
            None => true,
            Some(mut said) => said.wait_for(|is_durable| *is_durable).await.is_ok(),
        }
    }
}

impl DurableLater {
    /// It is durable.
    pub fn is_durable(self) {
        self.0.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_durable_already_is_not_waited_for() {
        assert!(Durability::ALREADY.is_already());
        assert!(Durability::ALREADY.wait().await);
    }

    #[tokio::test]
    async fn who_waits_hears_that_it_has_become_durable_even_if_he_asks_late() {
        let (later, durability) = Durability::later();
        assert!(!durability.is_already());
        let early = tokio::spawn(durability.clone().wait());
        later.is_durable();
        assert!(early.await.unwrap());
        assert!(durability.is_already());
        assert!(durability.wait().await);
    }

    #[tokio::test]
    async fn what_nobody_says_more_of_never_becomes_durable() {
        let (later, durability) = Durability::later();
        drop(later);
        assert!(!durability.wait().await);
    }
}
