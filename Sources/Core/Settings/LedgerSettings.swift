// Where a node's money comes from: its own catalog, or an issuer on other machines.
public import Documents
public import Units

public struct LedgerSettings: DocumentObject, Equatable {
    public internal(set) var issuer: Issuer?

    package init() {}

    package static let schema = Schema<LedgerSettings>(
        "ledger",
        [
            .optional(
                "issuer", \.issuer, .object,
                "Who gives this node its money, by the accounts that are kept there. Without it the node spends what its own catalog allows, and shares no budget with others."
            )
        ])

    /// Who gives money, and to whom.
    public struct Issuer: DocumentObject, Equatable {
        public internal(set) var holder = ""
        public internal(set) var coordinators: [Coordinator] = []
        public internal(set) var timeout = Interval.seconds(5)
        public internal(set) var ahead = Interval.seconds(60)
        public internal(set) var tls: TLS?

        package init() {}

        package static let schema = Schema<Self>(
            "ledger.issuer",
            [
                .required(
                    "holder", \.holder, .name, example: "node-1",
                    "Who this node is there: one of the `holders` of the coordinators or brokers that are named, and of no other node."
                ),
                .required(
                    "coordinators", \.coordinators, .list(of: .object, count: 1...16),
                    "The coordinators, on their `listen`, or the brokers of this region on theirs. They are asked in turn until one answers that leads, or has this node's session; a node's first session is with the first of them."
                ),
                .defaulted(
                    "timeoutMilliseconds", \.timeout, .milliseconds(100...60_000),
                    "How long an answer may take. Then the next one is asked.",
                    because:
                        "A transaction takes milliseconds; one that waits for a failover is asked for again."),
                .defaulted(
                    "aheadSeconds", \.ahead, .seconds(0...86_400),
                    "So much of what was spent lately is kept for the time in which no issuer answers; beyond the lease nothing is spent. What a node keeps others cannot spend, and where it dies it comes back when its lease has run out.",
                    because: "A takeover takes seconds, and a minute of spend is little of a budget."),
                .optional(
                    "tls", \.tls, .object, "How the connections are guarded. Without it the bytes are plain."),
            ])
    }

    public struct Coordinator: DocumentObject, Equatable {
        public internal(set) var address = IPAddress.loopback
        public internal(set) var port: UInt16 = 9_800

        package init() {}

        package static let schema = Schema<Self>(
            "coordinators[]",
            [
                .required("address", \.address, .address, example: IPAddress.loopback, "Its address."),
                .required("port", \.port, .integer(1...65_535), example: 9_800, "Its port for holders."),
            ])
    }

    public struct TLS: DocumentObject, Equatable {
        public internal(set) var serverName = ""
        public internal(set) var authorityFile: String?
        public internal(set) var certificateFile: String?
        public internal(set) var keyFile: String?

        package init() {}

        package static let schema = Schema<Self>(
            "issuer.tls",
            [
                .required(
                    "serverName", \.serverName, .word, example: "coordinator",
                    "The name that the coordinators' certificates have to carry."),
                .optional(
                    "authorityFile", \.authorityFile, .absolutePath,
                    "The authorities that may vouch for it, in PEM. Without it those of the operating system."
                ),
                .optional(
                    "certificateFile", \.certificateFile, .absolutePath,
                    "Who asks, in PEM: one of its URIs ends in the holder's name. Read again for a new connection when it has changed."
                ),
                .optional("keyFile", \.keyFile, .absolutePath, "The certificate's key, in PEM."),
            ],
            rules: [
                Rule("`certificateFile` and `keyFile` stand together.") { tls, objections in
                    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
                        objections.refuse(
                            "keyFile", found: "one without the other", allowed: "both, or neither")
                    }
                }
            ])
    }
}
