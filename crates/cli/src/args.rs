//! What can be asked on the command line.

mod lease;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use leeward_core::contract::Mode;
use leeward_core::ids::Direction;
use leeward_core::printable::{TEXT_MAX, one_line};
use leeward_core::time::Span;

use crate::exit::CODES;

pub use lease::LeaseCommand;

/// A reason as it goes on record: one line, nothing that steers the terminal of who reads it.
fn reason(text: &str) -> Result<String, String> {
    if text.len() > TEXT_MAX {
        return Err(format!("is {} bytes long, and {TEXT_MAX} are kept", text.len()));
    }
    Ok(one_line(text).into_owned())
}

/// Moves a workload to its sheltered side, on evidence, and never to two writers.
#[derive(Debug, Parser)]
#[command(name = "leeward", version, after_help = CODES)]
pub struct Arguments {
    /// Where Leeward keeps its state.
    #[command(flatten)]
    pub settings: Settings,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where Leeward keeps its state.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Name of the state table (output TableName of the stack).
    #[arg(
        long,
        global = true,
        env = "LEEWARD_TABLE",
        default_value = "",
        hide_default_value = true
    )]
    pub table: String,
    /// Region of the state table (output TableRegion).
    #[arg(
        long,
        global = true,
        env = "LEEWARD_TABLE_REGION",
        default_value = "",
        hide_default_value = true
    )]
    pub table_region: String,
    /// ARN of the recovery's state machine (output StateMachineArn).
    #[arg(
        long,
        global = true,
        env = "LEEWARD_STATE_MACHINE_ARN",
        default_value = "",
        hide_default_value = true
    )]
    pub state_machine: String,
    /// ARN of the system's own topic (output TopicArn).
    #[arg(
        long,
        global = true,
        env = "LEEWARD_TOPIC_ARN",
        default_value = "",
        hide_default_value = true
    )]
    pub topic: String,
    /// ARN of the function that makes writer leases (output ProvisionerArn). Not set, they are made with the caller's
    /// own rights.
    #[arg(
        long,
        global = true,
        env = "LEEWARD_PROVISIONER",
        default_value = "",
        hide_default_value = true
    )]
    pub provisioner: String,
    /// ARN of the function that writes down what people say (output WordsArn).
    #[arg(
        long,
        global = true,
        env = "LEEWARD_WORDS",
        default_value = "",
        hide_default_value = true
    )]
    pub words: String,
    /// Secret by which webhooks are signed (whsec_…), as the functions have it.
    #[arg(
        long,
        global = true,
        env = "LEEWARD_WEBHOOK_SECRET",
        default_value = "",
        hide = true,
        hide_env_values = true
    )]
    pub webhook_secret: String,
    /// Answer in JSON, on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// `yes`: URLs may lead to this machine itself, as in a rehearsal.
    #[cfg(debug_assertions)]
    #[arg(long, global = true, env = "LEEWARD_TEST_LOOPBACK", default_value = "", hide = true)]
    pub loopback: String,
    /// Lowered life of a signed request in seconds, as the functions of a rehearsal have it.
    #[cfg(debug_assertions)]
    #[arg(long, global = true, env = "LEEWARD_TEST_REQUEST_LIFE", hide = true)]
    pub request_life: Option<u64>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Check, store or show plans.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Show a workload's writer lease, move it to another table, or lower its terms.
    #[command(subcommand)]
    Lease(LeaseCommand),
    /// Weigh the evidence on record now, and say what is missing for a recovery.
    Assess {
        /// The workload.
        workload: String,
        /// One plan only; every plan of the workload otherwise.
        #[arg(long)]
        plan: Option<String>,
        /// Which way.
        #[arg(long, value_enum, default_value = "to-standby")]
        direction: Way,
    },
    /// What was impaired, and how long it took to see it and to get over it.
    Impairments {
        /// The workload; every workload with a plan otherwise.
        workload: Option<String>,
        /// Means over time instead of the list.
        #[arg(long)]
        stats: bool,
    },
    /// The brake across workloads: how many recoveries the evidence may open at once.
    Brake {
        /// What to do; shows it otherwise.
        #[command(subcommand)]
        what: Option<BrakeCommand>,
    },
    /// The switch for all workloads: whether recoveries are opened and started at all.
    Switch {
        /// Turn it; shows it otherwise.
        #[arg(value_enum, requires = "reason")]
        to: Option<Turn>,
        /// Why; it goes on record with your name.
        #[arg(long, value_parser = reason)]
        reason: Option<String>,
    },
    /// Start a recovery by hand: a person's order stands in the place of the votes.
    Start(StartArgs),
    /// How a recovery stands, while it runs and when it is over.
    Status {
        /// The workload, or an execution's name or ARN.
        of: String,
        /// A generation; the latest otherwise.
        #[arg(long)]
        generation: Option<u64>,
        /// Look again until it is over.
        #[arg(long)]
        watch: bool,
    },
    /// Say yes to the question that waits.
    Approve(AnswerArgs),
    /// Say no to the question that waits: it turns back.
    Decline(AnswerArgs),
    /// Take the risk of a database whose old writer cannot be proven fenced.
    Waive {
        /// Whose.
        #[command(flatten)]
        on: On,
        /// The database, by its id in the plan.
        #[arg(long)]
        database: String,
    },
    /// Halt the executors; they wait.
    Pause(On),
    /// Stop: no request is sent after this until it is resumed.
    Stop(On),
    /// Go on after a hold, pause or stop.
    Resume {
        /// Whose.
        #[command(flatten)]
        on: On,
        /// Time from now that it may take; otherwise what was left, or the plan's time anew if nothing was.
        #[arg(long)]
        time_limit: Option<Span>,
        /// Do not start the next executor; the sweeper or `leeward run` will.
        #[arg(long)]
        no_start: bool,
    },
    /// Give the generation up. Nothing is undone; look at both sides.
    Abandon(On),
    /// Say that a person has looked at the recovery: the cool-down is over.
    Ack(On),
    /// Work on the open generation in this process: the same file, the same steps, without Step Functions.
    Run {
        /// The workload.
        workload: String,
    },
    /// Whether this version may be deployed now: no executor works, and no open generation speaks
    /// another protocol. `make deploy` asks it first.
    DeployCheck,
    /// Look through a workload's items that were damaged or restored from a copy, and mend what may be mended.
    Repair {
        /// The workload.
        workload: String,
        /// Show only, which is what it does without `--apply`.
        #[arg(long)]
        diff: bool,
        /// Put aside what is no entry, and set the markers as the journals say. Nothing is deleted.
        #[arg(long, conflicts_with = "diff", requires = "reason")]
        apply: bool,
        /// Why; it goes on record with your name.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Judge the journals: every invariant that they can show.
    Audit {
        /// The workload.
        workload: String,
        /// One generation; all otherwise.
        #[arg(long)]
        generation: Option<u64>,
    },
}

/// What to do with the brake.
#[derive(Debug, Clone, Subcommand)]
pub enum BrakeCommand {
    /// Let go: what was opened until now no longer counts.
    Release {
        /// Why; it goes on record with your name.
        #[arg(long, value_parser = reason)]
        reason: String,
    },
    /// Set how many recoveries may be opened by the evidence in which time.
    Set {
        /// How many, one at least: none is the switch's business (`leeward switch off`).
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// In which time.
        #[arg(long)]
        window: Span,
    },
}

/// Which way the switch is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Turn {
    /// Recoveries are opened and started.
    On,
    /// None is opened or started; those that run go on.
    Off,
}

/// What to do with plans.
#[derive(Debug, Clone, Subcommand)]
pub enum PlanCommand {
    /// What a recovery by this plan can and cannot do. Touches nothing.
    Check {
        /// The plan, YAML or JSON.
        file: PathBuf,
    },
    /// Check, compare with the plans in force, store and put in force.
    Put {
        /// The plans, YAML or JSON; those of one workload that change together are put together.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Take a plan out of force for good. What it left in the world and its journals stay.
    Retire {
        /// The plan's name.
        #[arg(required_unless_present = "workload", conflicts_with = "workload")]
        plan: Option<String>,
        /// A workload whose plans are gone already: nobody is told any more that it has none.
        #[arg(long)]
        workload: Option<String>,
        /// Why; it goes on record with your name.
        #[arg(long)]
        reason: String,
    },
    /// A stored plan, or the list of all in force.
    Show {
        /// The plan's name.
        plan: Option<String>,
        /// One version; the one in force otherwise.
        #[arg(long)]
        digest: Option<String>,
    },
    /// The JSON Schema of a plan, for editors.
    Schema,
}

/// A start by hand.
#[derive(Debug, Clone, Args)]
pub struct StartArgs {
    /// The workload.
    pub workload: String,
    /// The plan; may be left out when the workload has one only.
    #[arg(long)]
    pub plan: Option<String>,
    /// Which way.
    #[arg(long, value_enum, default_value = "to-standby")]
    pub direction: Way,
    /// Whether it counts.
    #[arg(long, value_enum, default_value = "recover")]
    pub mode: Counts,
    /// Why; it goes on record with your name.
    #[arg(long, value_parser = reason)]
    pub reason: String,
    /// Though it lives on that side already, by its journals: people have moved it since, or the recovery has to be
    /// gone through once more.
    #[arg(long)]
    pub again: bool,
    /// Carry it out in this process, without Step Functions.
    #[arg(long)]
    pub here: bool,
}

/// An answer.
#[derive(Debug, Clone, Args)]
pub struct AnswerArgs {
    /// Whose.
    #[command(flatten)]
    pub on: On,
    /// The question's number; the one that waits otherwise.
    #[arg(long)]
    pub question: Option<u32>,
    /// Do not start the next executor; the sweeper or `leeward run` will.
    #[arg(long)]
    pub no_start: bool,
}

/// Which generation a verb is about, and why it is said.
#[derive(Debug, Clone, Args)]
pub struct On {
    /// The workload.
    pub workload: String,
    /// Why; it goes on record with your name.
    #[arg(long, value_parser = reason)]
    pub reason: String,
    /// A generation; the latest otherwise.
    #[arg(long)]
    pub generation: Option<u64>,
    /// Write it into the journal with your own rights: for the day on which the function that writes words is away
    /// (needs LeewardBreakGlass).
    #[arg(long)]
    pub by_hand: bool,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Failover.
    ToStandby,
    /// Failback.
    ToPrimary,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::ToStandby => Self::ToStandby,
            Way::ToPrimary => Self::ToPrimary,
        }
    }
}

/// Whether it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Counts {
    /// A real recovery.
    Recover,
    /// The same on purpose.
    Drill,
}

impl From<Counts> for Mode {
    fn from(counts: Counts) -> Self {
        match counts {
            Counts::Recover => Self::Recover,
            Counts::Drill => Self::Drill,
        }
    }
}
