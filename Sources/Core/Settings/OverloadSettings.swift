// How long requests may wait for a shard, and what happens beyond.
public import Documents
public import Units

extension NodeSettings {
    public struct Overload: DocumentObject, Equatable {
        public internal(set) var target = Interval.milliseconds(10)
        public internal(set) var patience = Interval.milliseconds(100)
        public internal(set) var limit = Interval.milliseconds(100)
        public internal(set) var network = Interval.milliseconds(10)

        package init() {}

        package static let schema = Schema<Self>(
            "overload",
            [
                .defaulted(
                    "targetMilliseconds", \.target, .milliseconds(1...1_000),
                    "For how long requests may wait all the time. While they wait longer, a shard answers with no bid what is over.",
                    because:
                        "A hundred decisions: little beside a network, and more than the requests in flight of one busy exchange."
                ),
                .defaulted(
                    "patienceMilliseconds", \.patience, .milliseconds(1...10_000),
                    "For so long they may wait longer before that, and for so long not before it ends.",
                    because: "A burst that is worked off in the time that an exchange waits is no overload."),
                .defaulted(
                    "limitMilliseconds", \.limit, .milliseconds(2...10_000),
                    "A request without a `tmax` that has waited so long is answered with no bid, overload or not.",
                    because:
                        "What exchanges that say nothing wait at least; a tag's player waits longer and pays nothing for it."
                ),
                .defaulted(
                    "networkMilliseconds", \.network, .milliseconds(0...1_000),
                    "What of a request's `tmax` is the network's. A request that leaves no time beyond it, or has waited for the rest, is answered with no bid.",
                    because: "There and back within a region, with a handshake's luck."),
            ],
            rules: [
                Rule("`targetMilliseconds` is less than `limitMilliseconds`.") { overload, objections in
                    if overload.target >= overload.limit {
                        objections.refuse(
                            "targetMilliseconds", found: "\(overload.target.wholeMilliseconds)",
                            allowed:
                                "less than limitMilliseconds, which is \(overload.limit.wholeMilliseconds)")
                    }
                }
            ])
    }
}
