// What a connection or a request may cost a node, and how it drains and logs.
public import Documents
public import Units

extension NodeSettings {
    public struct Limits: DocumentObject, Equatable {
        public internal(set) var connectionsPerShard = 10_000
        public internal(set) var headBytes = 16 * 1024
        public internal(set) var headerCount = 100
        public internal(set) var bodyBytes = 256 * 1024
        public internal(set) var requestsPerConnection = 1_000_000
        public internal(set) var headTimeout = Interval.seconds(5)
        public internal(set) var bodyTimeout = Interval.seconds(10)
        public internal(set) var firstByteTimeout = Interval.seconds(30)
        public internal(set) var idleTimeout = Interval.seconds(620)
        public internal(set) var writeTimeout = Interval.seconds(5)
        public internal(set) var outputBytesPerConnection = 1024 * 1024
        public internal(set) var pendingBytesPerShard = 256 * 1024 * 1024
        public internal(set) var outputBytesPerShard = 256 * 1024 * 1024

        package init() {}
    }

    public struct Drain: DocumentObject, Equatable {
        /// For this long readiness says no and the listeners stay open.
        public internal(set) var notice = Interval.seconds(7)
        /// From the signal to the exit, the notice included.
        public internal(set) var timeout = Interval.seconds(30)

        package init() {}
    }

    public struct Log: DocumentObject, Equatable {
        public enum Level: String, CaseIterable, Sendable { case debug, info, warning, error }
        public enum Format: String, CaseIterable, Sendable { case auto, text, json, journald }

        public internal(set) var level = Level.info
        public internal(set) var format = Format.auto
        public internal(set) var burstPerSite = 10
        public internal(set) var perSiteInterval = Interval.seconds(10)

        package init() {}
    }
}

extension NodeSettings.Limits {
    package static let schema = Schema<Self>(
        "limits",
        [
            .defaulted(
                "connectionsPerShard", \.connectionsPerShard, .integer(1...1_000_000, unit: "connections"),
                "Connections that one shard holds. One more takes the place of one long idle, or is closed at once; "
                    + "both are counted.",
                because: "Exchanges keep hundreds to a node; this has room for those of a region that fell."),
            .defaulted(
                "headBytes", \.headBytes, .integer(256...1_048_576, unit: "bytes"),
                "The request line and all header fields of a request together.",
                because: "Signed beacon URLs take some KB, and few load balancers pass on more than 16 KiB."),
            .defaulted(
                "headerCount", \.headerCount, .integer(1...100, unit: "fields"),
                "Header fields of a request; the table that they are read into has room for a hundred.",
                because:
                    "Exchanges send about ten and proxies add some; a hundred is what most servers allow."),
            .defaulted(
                "bodyBytes", \.bodyBytes, .integer(0...67_108_864, unit: "bytes"), "The body of a request.",
                because: "A bid request is 2 to 4 KB, and with many impressions and deals still under 100 KB."
            ),
            .defaulted(
                "requestsPerConnection", \.requestsPerConnection,
                .integer(1...1_000_000_000, unit: "requests"),
                "Requests after which a connection is closed, with its last answer saying so.",
                because: "Peers that connect again also find new nodes; this seldom, it costs nothing."),
            .defaulted(
                "headTimeoutMilliseconds", \.headTimeout, .milliseconds(10...600_000),
                "From the first byte of a request to the end of its head.",
                because:
                    "A head is a packet or two; whoever takes seconds for it is holding memory on purpose."),
            .defaulted(
                "bodyTimeoutMilliseconds", \.bodyTimeout, .milliseconds(10...600_000),
                "From the end of a request's head to the end of its body.",
                because: "The largest body arrives in time at 26 KB/s, and a bid is worthless long before."),
            .defaulted(
                "firstByteTimeoutMilliseconds", \.firstByteTimeout, .milliseconds(100...3_600_000),
                "How long a new connection may stay without its first byte.",
                because: "Who connects has something to ask; pools that connect ahead do so again."),
            .defaulted(
                "idleTimeoutMilliseconds", \.idleTimeout, .milliseconds(100...3_600_000),
                "How long a connection may wait for its next request.",
                because: "It must outlast the load balancer's, or requests meet closed connections: "
                    + "Google's keeps them for 600 seconds, Amazon's for 60."),
            .defaulted(
                "writeTimeoutMilliseconds", \.writeTimeout, .milliseconds(10...600_000),
                "How long a peer may take for each 16 KiB of its answers, or for what is left of them.",
                because:
                    "Answers fit a socket's buffer; a peer that reads nothing for seconds is gone or hostile."
            ),
            .defaulted(
                "outputBytesPerConnection", \.outputBytesPerConnection,
                .integer(4_096...1_073_741_824, unit: "bytes"),
                "Bytes of answers that may wait to be sent on one connection.",
                because:
                    "Sixteen pipelined answers of 64 KiB, more than any pod takes."),
            .defaulted(
                "pendingBytesPerShard", \.pendingBytesPerShard,
                .integer(65_536...68_719_476_736, unit: "bytes"),
                "Memory of one shard for requests that have not come whole. A connection that wants more is "
                    + "closed, and counted.",
                because: "A thousand of the largest requests, half arrived; bids come whole and take none."),
            .defaulted(
                "outputBytesPerShard", \.outputBytesPerShard,
                .integer(1_048_576...68_719_476_736, unit: "bytes"),
                "Memory of one shard for answers that wait to be sent. A connection that wants more is closed, "
                    + "and counted.",
                because: "Some 15,000 peers that leave an answer unread, more than a shard has connections."),
        ],
        rules: [
            Rule(
                "`pendingBytesPerShard` is at least three times `headBytes` and `bodyBytes` together: while the "
                    + "room of a request grows, it holds the old one and one of twice the size."
            ) { limits, objections in
                let least = 3 * (limits.headBytes + limits.bodyBytes)
                if limits.pendingBytesPerShard < least {
                    objections.refuse(
                        "pendingBytesPerShard", found: "\(limits.pendingBytesPerShard)",
                        allowed: "at least \(least), three times headBytes and bodyBytes together")
                }
            },
            Rule(
                "`outputBytesPerShard` is at least twice `outputBytesPerConnection`: one peer cannot take all."
            ) { limits, objections in
                let least = 2 * limits.outputBytesPerConnection
                if limits.outputBytesPerShard < least {
                    objections.refuse(
                        "outputBytesPerShard", found: "\(limits.outputBytesPerShard)",
                        allowed: "at least \(least), twice outputBytesPerConnection")
                }
            },
        ])
}

extension NodeSettings.Drain {
    package static let schema = Schema<Self>(
        "drain",
        [
            .defaulted(
                "noticeMilliseconds", \.notice, .milliseconds(0...600_000),
                "How long readiness says no while requests are still served, before the listeners close.",
                because:
                    "HAProxy takes a server out after three failed checks, two seconds apart; and one more."),
            .defaulted(
                "timeoutMilliseconds", \.timeout, .milliseconds(100...3_600_000),
                "From the signal to the exit, whatever is still in flight. The notice is part of it.",
                because:
                    "Far longer than any request, and well within the 90 seconds after which systemd kills."),
        ],
        rules: [
            Rule("`noticeMilliseconds` is less than `timeoutMilliseconds`.") { drain, objections in
                if drain.notice >= drain.timeout {
                    objections.refuse(
                        "noticeMilliseconds", found: "\(drain.notice.wholeMilliseconds)",
                        allowed: "less than timeoutMilliseconds, which is \(drain.timeout.wholeMilliseconds)")
                }
            }
        ])
}

extension NodeSettings.Log {
    package static let schema = Schema<Self>(
        "log",
        [
            .defaulted(
                "level", \.level, .choice, "The least important level that is written.",
                because: "A healthy node says at this level what it started, loaded and left, and no more."),
            .defaulted(
                "format", \.format, .choice,
                "auto is journald under systemd and text elsewhere.",
                because: "Each is read best where it is chosen; json is for collectors that ask for it."),
            .defaulted(
                "burstPerSite", \.burstPerSite, .integer(1...100_000, unit: "lines"),
                "Lines that one place in the code may write in an interval; the rest are counted.",
                because: "Ten show what is going on, and a million would hide everything else."),
            .defaulted(
                "perSiteIntervalSeconds", \.perSiteInterval, .seconds(1...3_600),
                "The interval in which one place may write its burst.",
                because: "Together with the burst, a line a second from each place that fails all the time."),
        ])
}
