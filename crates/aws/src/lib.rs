//! Leeward on AWS: the only crate that knows an SDK.
//!
//! One feature a service, one file a service; a function links only what it wires:
//!
//! ```no_run
//! # #[cfg(all(feature = "dynamodb", feature = "rds", feature = "lambda"))]
//! # async fn wiring() {
//! use leeward_aws::{Clients, DynamoTable, OsNonces, World};
//!
//! let clients = Clients::of_function(); // reads the environment, calls nobody
//! let table = DynamoTable::new(&clients, &"eu-west-1".into(), "leeward");
//! let world = World::builder(&clients).lease().rds().global().sql().build();
//! let nonces = OsNonces;
//! # let _ = (table, world, nonces);
//! # }
//! ```
//!
//! Looks are tried twice within 3 s. Changes and table writes are sent once, signed with the frozen
//! instant that they rest on, so that AWS itself refuses a late one.
#![cfg_attr(
    not(feature = "all"),
    allow(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "a function takes a part of this crate"
    )
)]

#[cfg(feature = "route53")]
mod authority;
#[cfg(feature = "autoscaling")]
mod autoscaling;
mod clients;
#[cfg(feature = "cloudwatch")]
mod cloudwatch;
#[cfg(feature = "rds")]
mod database_network;
#[cfg(feature = "dynamodb")]
mod date;
#[cfg(feature = "dns")]
mod dns;
#[cfg(feature = "ec2")]
mod ec2;
#[cfg(feature = "ecs")]
mod ecs;
#[cfg(feature = "elb")]
mod elb;
#[cfg(feature = "sfn")]
mod executions;
mod fault;
#[cfg(feature = "lambda")]
mod functions;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "sts")]
mod identity;
#[cfg(feature = "dynamodb")]
mod lease;
mod limits;
mod nonces;
pub mod operations;
mod pace;
#[cfg(feature = "lambda")]
mod provisioner;
#[cfg(feature = "dynamodb")]
mod provisions;
#[cfg(feature = "sns")]
mod publisher;
#[cfg(feature = "rds")]
mod rds;
#[cfg(feature = "rds")]
mod rds_global;
#[cfg(feature = "route53")]
mod record_sets;
#[cfg(feature = "route53")]
mod records;
#[cfg(feature = "ec2")]
mod security_groups;
#[cfg(feature = "lambda")]
mod sql;
#[cfg(feature = "dynamodb")]
mod table;
#[cfg(feature = "dynamodb")]
mod table_aside;
#[cfg(feature = "dynamodb")]
mod table_replica;
mod transport;
#[cfg(feature = "sns")]
mod webhook;
#[cfg(feature = "http")]
mod witness;
#[cfg(all(feature = "lambda", feature = "sts"))]
mod words;
mod world;
#[cfg(feature = "autoscaling")]
mod writer_groups;

#[cfg(test)]
#[cfg(feature = "all")]
mod tests;

pub use clients::Clients;
#[cfg(feature = "sfn")]
pub use executions::SfnExecutions;
#[cfg(feature = "sts")]
pub use identity::caller;
#[cfg(feature = "dynamodb")]
pub use lease::{Lowering, create_lease, lower_lease};
pub use nonces::OsNonces;
#[cfg(feature = "lambda")]
pub use provisioner::LambdaProvisioner;
#[cfg(feature = "dynamodb")]
pub use provisions::AwsProvisions;
#[cfg(feature = "sns")]
pub use publisher::SnsPublisher;
#[cfg(feature = "route53")]
pub use records::{FENCE_TTL_SECONDS, create_fence_number};
#[cfg(feature = "dynamodb")]
pub use table::DynamoTable;
#[cfg(feature = "dynamodb")]
pub use table_aside::DynamoAside;
#[cfg(feature = "http")]
pub use witness::StsWitness;
#[cfg(all(feature = "lambda", feature = "sts"))]
pub use words::LambdaWords;
pub use world::{World, WorldBuilder};
