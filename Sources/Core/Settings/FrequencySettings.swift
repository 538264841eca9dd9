// How a node counts what viewers see: how much memory that takes, how long what is not reported counts, and with which
// other nodes it counts together.
public import Documents
public import Units

public struct FrequencySettings: DocumentObject, Equatable {
    /// What becomes of a line item with a cap where the viewer may not be counted.
    public enum Uncountable: String, CaseIterable, Sendable { case show, refuse }

    public internal(set) var counterBytes = 64 * 1024 * 1024
    public internal(set) var promiseBytes = 8 * 1024 * 1024
    public internal(set) var promise = Interval.seconds(120)
    public internal(set) var session = Interval.seconds(4 * 3_600)
    public internal(set) var uncountable = Uncountable.show
    public internal(set) var rewrite = Interval.seconds(3_600)
    public internal(set) var saltFile: String?
    public internal(set) var shared: Shared?

    package init() {}

    package static let schema = Schema<FrequencySettings>(
        "frequency",
        [
            .defaulted(
                "counterBytesPerShard", \.counterBytes, .integer(1_048_576...68_719_476_736, unit: "bytes"),
                "What viewers have seen. When it is used up, those who were seen longest ago are forgotten: `paceline_frequency_forgotten_total` counts them.",
                because: "Some 200,000 viewers of a few ads each; every shard has all of them."),
            .defaulted(
                "promiseBytesPerShard", \.promiseBytes, .integer(65_536...4_294_967_296, unit: "bytes"),
                "Ads that are in an answer and not reported yet.",
                because: "Some 30,000 viewers who are about to see an ad with a cap."),
            .defaulted(
                "promiseSeconds", \.promise, .seconds(1...3_600),
                "How long an ad that nobody reports on counts for its caps.",
                because:
                    "Two minutes: a break and its requests. Longer holds caps early where bids are lost, shorter lets a burst of breaks exceed them."
            ),
            .defaulted(
                "sessionSeconds", \.session, .seconds(60...86_400),
                "For how long a viewer's earlier breaks are told to decisions, which show something else where they can.",
                because: "An evening."),
            .defaulted(
                "uncountable", \.uncountable, .choice,
                "Whether a line item with a cap is shown to a viewer by whom nothing may be counted.",
                because:
                    "Most of such viewers have never seen it; who promised a cap to an advertiser in all cases refuses."
            ),
            .defaulted(
                "rewriteSeconds", \.rewrite, .seconds(60...86_400),
                "How long the journal takes to write all counters once more, so that old segments may go. Segments since the last whole time are kept, whatever the journal's bounds say.",
                because: "A million counters then cost the disk 25 KB a second."),
            .optional(
                "saltFile", \.saltFile, .absolutePath,
                "At least 16 secret bytes that go into viewers' keys, the same for all nodes of a pool. Without it a node makes its own, and keeps it beside the journal."
            ),
            .optional(
                "shared", \.shared, .object,
                "A Redis or Valkey server through which the nodes of a pool tell one another what was shown. Without it a node counts alone."
            ),
        ],
        rules: [
            Rule("`shared` needs a `saltFile`: nodes that make other keys of a viewer count apart.") {
                all, objections in
                if all.shared != nil, all.saltFile == nil {
                    objections.refuse(
                        "shared", found: "a shared store without a saltFile",
                        allowed: "a saltFile beside it, the same on all nodes of the pool")
                }
            }
        ])
}

extension FrequencySettings {
    public struct Shared: DocumentObject, Equatable, StoreServer {
        public internal(set) var address = IPAddress.loopback
        public internal(set) var port: UInt16 = 6_379
        public internal(set) var stream = "paceline:shown"
        public internal(set) var entries = 1_000_000
        public internal(set) var user: String?
        public internal(set) var passwordFile: String?
        public internal(set) var timeout = Interval.seconds(2)
        public internal(set) var tls: TLS?

        package init() {}

        package static let schema = Schema<Self>(
            "frequency.shared",
            [
                .required(
                    "address", \.address, .address, example: IPAddress.loopback, "The server's address."),
                .defaulted(
                    "port", \.port, .integer(1...65_535), "Its port.",
                    because: "What Redis and Valkey listen on."),
                .defaulted(
                    "stream", \.stream, .word, "The key of the stream that the pool shares.",
                    because: "One pool uses a server; several need a key each."),
                .defaulted(
                    "entries", \.entries, .integer(1_000...100_000_000, unit: "entries"),
                    "About so many impressions are kept by the server, for nodes that were away or are new. Each takes some 100 bytes there.",
                    because: "A hundred megabytes, and a day of a pool that shows ten ads a second."),
                .optional(
                    "user", \.user, .word, "Who the node is to the server; without it the default user."),
                .optional(
                    "passwordFile", \.passwordFile, .absolutePath,
                    "A file with the password in its first line. Without it none is sent."),
                .defaulted(
                    "timeoutSeconds", \.timeout, .seconds(1...60),
                    "How long a connection or an answer may take before the server is given up, and tried again.",
                    because: "No request waits for it; a server that is slower is not there."),
                .optional(
                    "tls", \.tls, .object, "How the connection is guarded. Without it the bytes are plain."),
            ])

        public struct TLS: DocumentObject, Equatable {
            public internal(set) var serverName = ""
            public internal(set) var authorityFile: String?

            package init() {}

            package static let schema = Schema<Self>(
                "frequency.shared.tls",
                [
                    .required(
                        "serverName", \.serverName, .word, example: "store.example.net",
                        "The name or address that the server's certificate has to carry."),
                    .optional(
                        "authorityFile", \.authorityFile, .absolutePath,
                        "The authorities that may vouch for it, in PEM. Without it those of the operating system."
                    ),
                ])
        }
    }
}

extension Kind where Value == String {
    /// What stands in a command or a certificate as it is: a key, a user, a host.
    static var word: Kind {
        .text(
            TextForm(name: "1 to 253 letters, digits and -_.:{}", pattern: "^[A-Za-z0-9_.:{}-]{1,253}$"),
            read: { text in
                (1...253).contains(text.utf8.count)
                    && text.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                            UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"):
                            true
                        default: false
                        }
                    } ? text : nil
            }, show: { $0 })
    }
}
