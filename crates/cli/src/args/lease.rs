//! What can be asked of a writer lease.

use clap::Subcommand;
use leeward_core::time::Span;

/// What to do with a writer lease.
#[derive(Debug, Clone, Subcommand)]
pub enum LeaseCommand {
    /// Whose it is, in every table where it is known to be or to have been.
    Show {
        /// The workload.
        workload: String,
    },
    /// Move it to another table, with its owner, above its epoch. Nobody writes until the writers use the new one.
    Move {
        /// The workload.
        workload: String,
        /// The table that it moves to; it has to exist.
        #[arg(long)]
        table: String,
        /// That table's Region.
        #[arg(long)]
        region: String,
        /// Why; it goes on record with your name.
        #[arg(long)]
        reason: String,
    },
    /// Lower its terms, once every writer goes by the shorter ones: those that do not, stop.
    Lower {
        /// The workload.
        workload: String,
        /// How long a holder may accept writes after sending a renewal.
        #[arg(long)]
        ttl: Span,
        /// Longest statement that may still be running then.
        #[arg(long)]
        longest_statement: Span,
        /// Most that a holder's clock may run slow over one lease.
        #[arg(long)]
        drift: Span,
        /// Why; it goes on record with your name.
        #[arg(long)]
        reason: String,
    },
}
