// The dashboards: which questions each answers, panel by panel. Their JSON for Grafana is made in DashboardPage.

/// A dashboard as alerts and runbooks name it.
public enum DashboardName: String, CaseIterable, Sendable {
    case slo, decisions, money, pacing, models, database

    /// What its address ends in.
    public var uid: String { "paceline-\(rawValue)" }
}

public struct Dashboard: Sendable {
    public enum Unit: String, Sendable {
        case count = "short"
        case perSecond = "ops"
        case share = "percentunit"
        case seconds = "s"
        case money = "none"
        case bytes = "bytes"
    }

    public struct Panel: Sendable {
        public let title: String
        public let unit: Unit
        /// Each query with what its lines are called.
        public let queries: [(text: String, legend: String)]
    }

    public let name: DashboardName
    public let title: String
    public let panels: [Panel]

    /// The variable by which a dashboard is held to one region, or to all.
    static let region = "region=~\"$region\""

    /// All of them; the SLO's panels follow the file.
    public static func all(_ levels: ServiceLevels) -> [Dashboard] {
        [serviceLevels(levels), decisions, money, pacing, models, database]
    }

    private static func serviceLevels(_ levels: ServiceLevels) -> Dashboard {
        let hour = PromDuration(milliseconds: 3_600_000)
        let days = PromDuration(milliseconds: 3 * 86_400_000)
        return Dashboard(
            name: .slo, title: "Paceline: promises",
            panels: levels.objectives.flatMap { objective in
                [
                    Panel(
                        title: "\(objective.name): share that failed; \(objective.percent) % must not",
                        unit: .share,
                        queries: [
                            (
                                "\(AlertRules.series(objective, "errors:ratio", hour)){\(region)}",
                                "{{region}}, 1h"
                            ),
                            (
                                "\(AlertRules.series(objective, "errors:ratio", days)){\(region)}",
                                "{{region}}, 3d"
                            ),
                        ]),
                    Panel(
                        title: "\(objective.name): how many times too fast", unit: .count,
                        queries: [
                            (
                                "\(AlertRules.series(objective, "errors:ratio", hour)){\(region)} / \(objective.budget)",
                                "{{region}}"
                            )
                        ]),
                ]
            })
    }

    private static func rate(_ metric: String, _ labels: String = "", by: String = "region") -> String {
        "sum by (\(by)) (rate(\(each(metric, labels))[$__rate_interval]))"
    }

    private static func quantile(_ share: String, _ metric: String, by: String = "region") -> String {
        "histogram_quantile(\(share), \(rate("\(metric)_bucket", by: "le, \(by)")))"
    }

    private static func each(_ metric: String, _ labels: String = "") -> String {
        "\(metric){\(labels.isEmpty ? "" : labels + ",")\(region)}"
    }

    private static let decisions = Dashboard(
        name: .decisions, title: "Paceline: decisions",
        panels: [
            Panel(
                title: "Requests by what came of them", unit: .perSecond,
                queries: [(rate("paceline_decisions_total", by: "result"), "{{result}}")]),
            Panel(
                title: "No bid, by reason", unit: .perSecond,
                queries: [(rate("paceline_decisions_total", "result=\"no_bid\"", by: "reason"), "{{reason}}")]
            ),
            Panel(
                title: "Turned away", unit: .perSecond,
                queries: [
                    (
                        rate("paceline_decisions_total", "result=\"turned_away\"", by: "region, reason"),
                        "{{region}} {{reason}}"
                    )
                ]),
            Panel(
                title: "Time of a decision", unit: .seconds,
                queries: [
                    (quantile("0.5", "paceline_decision_seconds"), "{{region}} half"),
                    (quantile("0.99", "paceline_decision_seconds"), "{{region}} 99 %"),
                ]),
            Panel(
                title: "Waiting for a shard, 99 %", unit: .seconds,
                queries: [(quantile("0.99", "paceline_reactor_waiting_seconds"), "{{region}}")]),
            Panel(
                title: "Shards overloaded", unit: .count,
                queries: [("sum by (region) (\(each("paceline_shards_overloaded")))", "{{region}}")]),
            Panel(title: "Ads", unit: .perSecond, queries: [(rate("paceline_ads_total"), "{{region}}")]),
            Panel(
                title: "Cores busy", unit: .count,
                queries: [(rate("process_cpu_seconds_total", "job=\"paceline-node\""), "{{region}}")]),
            Panel(
                title: "Answers by status", unit: .perSecond,
                queries: [
                    (rate("paceline_http_responses_total", "server=\"requests\"", by: "class"), "{{class}}")
                ]),
            Panel(
                title: "Notices by what became of them", unit: .perSecond,
                queries: [(rate("paceline_notices_total", by: "event, outcome"), "{{event}} {{outcome}}")]),
            Panel(
                title: "Catalog refused; age of the one in use", unit: .seconds,
                queries: [
                    ("max by (region) (\(each("paceline_catalog_refused")))", "{{region}} refused"),
                    ("min by (region) (\(each("paceline_catalog_age_seconds")))", "{{region}} age"),
                ]),
            Panel(
                title: "Memory of a process", unit: .bytes,
                queries: [(each("process_resident_memory_bytes"), "{{instance}}")]),
            Panel(
                title: "Traces: spans recorded, lost", unit: .perSecond,
                queries: [
                    (rate("paceline_spans_total"), "{{region}}"),
                    (rate("paceline_spans_dropped_total", by: "reason"), "lost: {{reason}}"),
                ]),
        ])

    private static let money = Dashboard(
        name: .money, title: "Paceline: money",
        panels: [
            Panel(
                title: "Where the money is", unit: .money,
                queries: [
                    ("sum by (place, currency) (\(each("paceline_budget_units")))", "{{place}} {{currency}}")
                ]),
            Panel(
                title: "Spend a second", unit: .money,
                queries: [
                    (
                        "sum by (region, currency) (deriv(\(each("paceline_budget_units", "place=\"settled\""))[5m:]))",
                        "{{region}} {{currency}}"
                    )
                ]),
            Panel(
                title: "Line items that could not be paid for", unit: .perSecond,
                queries: [(rate("paceline_budget_refusals_total", by: "reason"), "{{reason}}")]),
            Panel(
                title: "Bills", unit: .perSecond,
                queries: [(rate("paceline_settlements_total", by: "late"), "late: {{late}}")]),
            Panel(
                title: "Prices of what was billed, by how they came", unit: .perSecond,
                queries: [(rate("paceline_notice_prices_total", by: "basis"), "{{basis}}")]),
            Panel(
                title: "What is left of leases", unit: .seconds,
                queries: [("min by (region) (\(each("paceline_issuer_lease_seconds")))", "{{region}}")]),
            Panel(
                title: "Evidence that is not acknowledged", unit: .count,
                queries: [("sum by (region) (\(each("paceline_issuer_evidence_open")))", "{{region}}")]),
            Panel(
                title: "Bills of other nodes' ads", unit: .count,
                queries: [
                    ("sum by (region) (\(each("paceline_claims_waiting")))", "{{region}} not counted"),
                    ("sum by (region) (\(each("paceline_claims_unmerged")))", "{{region}} counted"),
                ]),
            Panel(
                title: "Refused by the issuer since the start", unit: .count,
                queries: [(each("paceline_issuer_refusals"), "{{instance}}")]),
            Panel(
                title: "Exchanges with the issuer", unit: .perSecond,
                queries: [(rate("paceline_issuer_exchanges_total", by: "outcome"), "{{outcome}}")]),
            Panel(
                title: "Journal: records lost, failures of its disk", unit: .perSecond,
                queries: [
                    (rate("paceline_journal_lost_total", by: "reason"), "lost: {{reason}}"),
                    (rate("paceline_journal_failures_total", by: "doing"), "failed: {{doing}}"),
                ]),
            Panel(
                title: "Journal: time of a commit, 99 %", unit: .seconds,
                queries: [(quantile("0.99", "paceline_journal_commit_seconds"), "{{region}}")]),
        ])

    private static let pacing = Dashboard(
        name: .pacing, title: "Paceline: pacing",
        panels: [
            Panel(
                title: "Campaigns by how they stand", unit: .count,
                queries: [
                    ("sum by (region, state) (\(each("paceline_pacing_campaigns")))", "{{region}} {{state}}")
                ]),
            Panel(
                title: "Age of the shares", unit: .seconds,
                queries: [("max by (region) (\(each("paceline_pacing_age_seconds")))", "{{region}}")]),
            Panel(
                title: "Held back", unit: .perSecond,
                queries: [(rate("paceline_pacing_held_back_total"), "{{region}}")]),
            Panel(
                title: "Campaigns with nothing free", unit: .count,
                queries: [("max by (region) (\(each("paceline_budgets_spent")))", "{{region}}")]),
            Panel(
                title: "Viewers forgotten, and how long before they were shown something", unit: .count,
                queries: [
                    (rate("paceline_frequency_forgotten_total"), "{{region}} forgotten"),
                    (
                        "min by (region) (\(each("paceline_frequency_forgotten_after_seconds")))",
                        "{{region}} seconds"
                    ),
                ]),
            Panel(
                title: "The pool's shared store", unit: .count,
                queries: [
                    ("min by (region) (\(each("paceline_shared_available")))", "{{region}} in reach"),
                    ("sum by (region) (\(each("paceline_shared_waiting")))", "{{region}} waiting"),
                ]),
        ])

    private static let models = Dashboard(
        name: .models, title: "Paceline: models",
        panels: [
            Panel(
                title: "Candidates by tier", unit: .perSecond,
                queries: [(rate("paceline_model_candidates_total", by: "goal, tier"), "{{goal}} {{tier}}")]),
            Panel(
                title: "Falls", unit: .perSecond,
                queries: [
                    (
                        rate("paceline_model_falls_total", by: "goal, tier, reason"),
                        "{{goal}} {{tier}} {{reason}}"
                    )
                ]),
            Panel(
                title: "Time of a goal's model, 99 %", unit: .seconds,
                queries: [(quantile("0.99", "paceline_model_seconds", by: "goal"), "{{goal}}")]),
            Panel(
                title: "Nodes by models' version", unit: .count,
                queries: [
                    (
                        "count_values by (region) (\"version\", \(each("paceline_model_checksum")))",
                        "{{region}} {{version}}"
                    )
                ]),
            Panel(
                title: "Refused", unit: .count,
                queries: [("sum by (region) (\(each("paceline_model_refused")))", "{{region}}")]),
            Panel(
                title: "Profiles asked for", unit: .perSecond,
                queries: [(rate("paceline_model_profiles_total", by: "known"), "known: {{known}}")]),
            Panel(
                title: "Shadows: candidates, and what they were not asked", unit: .perSecond,
                queries: [
                    (rate("paceline_model_shadow_candidates_total", by: "goal"), "{{goal}}"),
                    (rate("paceline_model_shadow_skipped_total", by: "reason"), "skipped: {{reason}}"),
                ]),
        ])

    private static let database = Dashboard(
        name: .database, title: "Paceline: ledger's root and database",
        panels: [
            Panel(
                title: "Who leads", unit: .count, queries: [("paceline_root_leads", "{{instance}}")]),
            Panel(
                title: "Batches of the root", unit: .perSecond,
                queries: [
                    ("sum(rate(paceline_root_batches_total[$__rate_interval]))", "acknowledged"),
                    ("sum(rate(paceline_root_batches_unknown_total[$__rate_interval]))", "unknown"),
                    ("sum(rate(paceline_root_batches_refused_total[$__rate_interval]))", "refused"),
                ]),
            Panel(
                title: "Time of a batch, 99 %", unit: .seconds,
                queries: [
                    (
                        "histogram_quantile(0.99, sum by (le) (rate(paceline_root_batch_seconds_bucket[$__rate_interval])))",
                        "99 %"
                    )
                ]),
            Panel(
                title: "Messages of holders", unit: .perSecond,
                queries: [("sum(rate(paceline_root_messages_total[$__rate_interval]))", "messages")]),
            Panel(
                title: "Takeovers", unit: .count,
                queries: [("sum(increase(paceline_root_takeovers_total[1h]))", "in 1h")]),
            Panel(
                title: "Connections, and who waits for one", unit: .count,
                queries: [
                    ("paceline_database_connections", "{{instance}}"),
                    ("paceline_database_waiting", "{{instance}} waiting"),
                ]),
            Panel(
                title: "Outcomes that are not done", unit: .perSecond,
                queries: [
                    (
                        "sum by (outcome, reason) (rate(paceline_database_outcomes_total{outcome!=\"done\"}[$__rate_interval]))",
                        "{{outcome}} {{reason}}"
                    )
                ]),
            Panel(
                title: "Members: primary, synchronous, failsafe", unit: .count,
                queries: [
                    ("sum by (instance) (patroni_primary)", "{{instance}} primary"),
                    (
                        "sum by (instance) (patroni_sync_standby + patroni_quorum_standby)",
                        "{{instance}} synchronous"
                    ),
                    ("sum by (instance) (patroni_failsafe_mode_is_active)", "{{instance}} failsafe"),
                ]),
            Panel(
                title: "Timelines", unit: .count, queries: [("patroni_postgres_timeline", "{{instance}}")]),
            Panel(
                title: "etcd not seen for", unit: .seconds,
                queries: [("time() - patroni_dcs_last_seen", "{{instance}}")]),
            Panel(
                title: "Scheduled changes: waiting, refused, seconds overdue", unit: .count,
                queries: [
                    ("max by (instance) (\(each("paceline_scheduled_waiting")))", "{{instance}} waiting"),
                    ("max by (instance) (\(each("paceline_scheduled_refused")))", "{{instance}} refused"),
                    (
                        "max by (instance) (\(each("paceline_scheduled_overdue_seconds")))",
                        "{{instance}} overdue"
                    ),
                ]),
            Panel(
                title: "Scheduled changes: how late, 99 %; how many", unit: .seconds,
                queries: [
                    (quantile("0.99", "paceline_scheduled_late_seconds", by: "instance"), "{{instance}}"),
                    (rate("paceline_scheduled_changes_total", by: "outcome"), "{{outcome}} a second"),
                ]),
        ])
}
