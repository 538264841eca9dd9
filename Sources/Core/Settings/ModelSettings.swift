// Which models a node serves, and where it finds what they know of viewers and ads.
public import Documents
public import Units

public struct ModelSettings: DocumentObject, Equatable {
    public internal(set) var path: String?
    public internal(set) var published: Published?
    public internal(set) var profiles: String?
    public internal(set) var profileBytes = 64 * 1024 * 1024
    public internal(set) var shared: Shared?
    public internal(set) var calibration = Interval.seconds(120)
    public internal(set) var shadowOneIn = 10
    public internal(set) var shadowMilliseconds = 100

    package init() {}

    package static let schema = Schema<ModelSettings>(
        "models",
        [
            .optional(
                "path", \.path, .absolutePath,
                "A directory with models.json, and the schema, models and calibrators that it names. It is looked at as often as the catalog; what is refused is not taken, and the last good models stay."
            ),
            .optional(
                "published", \.published, .object,
                "The models that are published at the coordinators, in place of `path`: the node asks those in `ledger.issuer.coordinators`, with the same certificates. `{}` takes every default."
            ),
            .optional(
                "profiles", \.profiles, .absolutePath,
                "The profiles that `paceline features import` keeps, of the schema that models.json names. Without it nothing is known of anybody but what the request and the catalog say."
            ),
            .optional(
                "shared", \.shared, .object,
                "A Redis or Valkey server with a stream of changes, as `paceline features publish` writes it: the node takes them into `profiles`, which it then keeps itself. Without it others import."
            ),
            .defaulted(
                "profileBytes", \.profileBytes, .integer(1_048_576...1_099_511_627_776, unit: "bytes"),
                "How large the file of each kind of thing is made, where `shared` feeds profiles and it is not there yet.",
                because:
                    "Some hundred thousand profiles of a hundred features; the one told of longest ago makes room."
            ),
            .defaulted(
                "calibrationSeconds", \.calibration, .seconds(1...3_600),
                "How long after a sale an ad is counted, with what was predicted of it and what was told until then.",
                because:
                    "A pod that was asked for ahead of its break is over by then, and its clicks are told."),
            .defaulted(
                "shadowOneIn", \.shadowOneIn, .integer(0...1_000_000),
                "Of how many decisions one is shown to shadows, which are models that are only compared; 0 for none.",
                because: "A thousand decisions a second make a million to compare in three hours."),
            .defaulted(
                "shadowMilliseconds", \.shadowMilliseconds, .integer(1...1000, unit: "milliseconds"),
                "What shadows may take of each second, all together, on a thread that runs where nothing else wants the core. What finds no time is left out and counted.",
                because: "A tenth of a core, which nobody else wants."
            ),
        ],
        rules: [
            Rule("Either `path` or `published` stands there, and not both.") { models, objections in
                guard (models.path == nil) == (models.published == nil) else { return }
                objections.refuse(
                    models.path == nil ? "path" : "published",
                    found: models.path == nil ? "neither it nor `published`" : "`path` beside it",
                    allowed:
                        "one of the two: `path` for files here, `published` for what the coordinators publish"
                )
            },
            Rule("`shared` needs `profiles`: what it brings has to go somewhere.") { all, objections in
                if all.shared != nil, all.profiles == nil {
                    objections.refuse(
                        "shared", found: "a feed without profiles",
                        allowed: "`profiles` beside it, a directory")
                }
            },
        ])
}

extension ModelSettings {
    public struct Published: DocumentObject, Equatable {
        public internal(set) var blobBytes = 33_554_432

        package init() {}

        package static let schema = Schema<Self>(
            "models.published",
            [
                .defaulted(
                    "limitBytes", \.blobBytes, .integer(1_048_576...4_294_967_295, unit: "bytes"),
                    "The largest package that is fetched. What is larger is refused, and the last good models stay.",
                    because: "As large as a coordinator takes one.")
            ])
    }

    public struct Shared: DocumentObject, Equatable, StoreServer {
        public internal(set) var address = IPAddress.loopback
        public internal(set) var port: UInt16 = 6_379
        public internal(set) var stream = "paceline:profiles"
        public internal(set) var user: String?
        public internal(set) var passwordFile: String?
        public internal(set) var timeout = Interval.seconds(2)
        public internal(set) var tls: FrequencySettings.Shared.TLS?

        package init() {}

        package static let schema = Schema<Self>(
            "models.shared",
            [
                .required(
                    "address", \.address, .address, example: IPAddress.loopback, "The server's address."),
                .defaulted(
                    "port", \.port, .integer(1...65_535), "Its port.",
                    because: "What Redis and Valkey listen on."),
                .defaulted(
                    "stream", \.stream, .word, "The key of the stream.",
                    because: "What `paceline features publish` writes to, unless it is told otherwise."),
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
    }
}

/// How a server of the Redis protocol is reached, whatever it is asked for.
public protocol StoreServer: Sendable {
    var address: IPAddress { get }
    var port: UInt16 { get }
    var user: String? { get }
    var passwordFile: String? { get }
    var timeout: Interval { get }
    var tls: FrequencySettings.Shared.TLS? { get }
}
