// The one file from which alerts are made: what is promised, how that is measured, and which causes somebody can act on.
public import Documents
public import Units

public struct ServiceLevels: DocumentObject, Equatable {
    public internal(set) var runbooks = ""
    public internal(set) var dashboards = ""
    public internal(set) var objectives: [Objective] = []
    public internal(set) var causes: [Cause] = []

    package init() {}

    package static let schema = Schema<Self>(
        "service levels",
        [
            .unread("$schema", "Where an editor finds the JSON Schema of this file."),
            .constant("schema", "paceline/slo/1", "What this file is, and how it is read."),
            .required(
                "runbooks", \.runbooks, .address, "Where runbooks are read; the alert's name and .md follow."),
            .required(
                "dashboards", \.dashboards, .address, "Where dashboards are; a dashboard's name follows."),
            .required(
                "objectives", \.objectives, .list(of: .object, count: 1...50),
                "What is promised: each becomes four alerts of one name, by how fast its budget burns."),
            .required(
                "causes", \.causes, .list(of: .object, count: 0...200),
                "What somebody can act on before or beside a broken promise: each becomes one alert."),
        ],
        rules: [
            Rule("No two alerts have the same name, nor two objectives.") { file, objections in
                var seen: Set<String> = []
                for (at, one) in file.objectives.enumerated() {
                    if !seen.insert(one.name).inserted {
                        objections.refuse(
                            "objectives[\(at)].name", found: one.name, allowed: "a name that no other one has"
                        )
                    }
                    if !seen.insert(one.alert).inserted {
                        objections.refuse(
                            "objectives[\(at)].alert", found: one.alert,
                            allowed: "a name that no other alert has")
                    }
                }
                for (at, one) in file.causes.enumerated() where !seen.insert(one.alert).inserted {
                    objections.refuse(
                        "causes[\(at)].alert", found: one.alert, allowed: "a name that no other alert has")
                }
            }
        ])

    public static var jsonSchema: JSONTree {
        Shape.object(schema.shape).jsonSchema(title: "Paceline's service levels")
    }

    /// Refuses a file as a whole, with everything that is wrong with it.
    public init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let file = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = file
    }

    /// The names of all alerts, in the file's order.
    public var alerts: [String] { objectives.map(\.alert) + causes.map(\.alert) }
}

extension ServiceLevels {
    public struct Objective: DocumentObject, Equatable {
        public internal(set) var name = ""
        public internal(set) var alert = ""
        public internal(set) var percent = Micros(0)
        public internal(set) var errors = ""
        public internal(set) var total = ""
        public internal(set) var fewestPerSecond = Micros(0)
        public internal(set) var promise = ""
        public internal(set) var dashboard = DashboardName.slo

        package init() {}

        /// What stands for the window in `errors` and `total`.
        static let window = "$window"

        package static let schema = Schema<Self>(
            "objective",
            [
                .required("name", \.name, .ruleWord, "What recorded series and the dashboard call it."),
                .required("alert", \.alert, .alertName, "What its alerts are called, and their runbook."),
                .required(
                    "percent", \.percent, .decimal(Micros(50_000_000)...Micros(99_999_900), unit: "percent"),
                    "The share of what is counted by `total` that must not be in `errors`, over thirty days."),
                .required(
                    "errors", \.errors, .query,
                    "What broke the promise, a second, by region; its windows are `[$window]`."),
                .required("total", \.total, .query, "What could have, a second, by the same labels."),
                .defaulted(
                    "fewestPerSecond", \.fewestPerSecond, .decimal(Micros(0)...Micros(1_000_000_000_000)),
                    "No alert while `total` is below that over the long window.",
                    because:
                        "One failure among three requests at night is a third of them and nobody's emergency."
                ),
                .required(
                    "promise", \.promise, .sentence,
                    "What broke, to follow a percentage: `of requests were not answered`."),
                .required("dashboard", \.dashboard, .choice, "Which dashboard shows it."),
            ],
            rules: [
                Rule("Both queries look back over `[$window]`.") { objective, objections in
                    for (key, query) in [("errors", objective.errors), ("total", objective.total)]
                    where !query.contains("[\(window)]") {
                        objections.refuse(
                            key, found: "no [\(window)]",
                            allowed: "a rate over [\(window)], which each alert sets")
                    }
                }
            ])

        /// The share that may be errors, in millionths.
        var budget: Micros { Micros((100_000_000 - percent.rawValue) / 100) }
    }

    public struct Cause: DocumentObject, Equatable {
        public internal(set) var alert = ""
        public internal(set) var severity = Severity.ticket
        public internal(set) var when = ""
        public internal(set) var lasting: PromDuration?
        public internal(set) var summary = ""
        public internal(set) var dashboard = DashboardName.decisions

        package init() {}

        package static let schema = Schema<Self>(
            "cause",
            [
                .required("alert", \.alert, .alertName, "What it is called, and its runbook."),
                .required(
                    "severity", \.severity, .choice,
                    "Whether somebody is woken, or looks at it in the morning."),
                .required("when", \.when, .query, "A query that has results while it is so."),
                .optional("for", \.lasting, .duration, "For how long it must be so."),
                .required(
                    "summary", \.summary, .sentence,
                    "What is so, with the numbers, in Prometheus' templates: `{{ $labels.instance }}`, `{{ $value }}`."
                ),
                .required("dashboard", \.dashboard, .choice, "Which dashboard shows it."),
            ],
            rules: [
                Rule("The summary says where, or how much: it has a template in it.") { cause, objections in
                    if !cause.summary.contains("{{") {
                        objections.refuse(
                            "summary", found: "no {{ … }}",
                            allowed: "the instance, the region or the value, as in {{ $value }}")
                    }
                }
            ])
    }
}
