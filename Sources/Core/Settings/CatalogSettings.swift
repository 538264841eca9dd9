// Where a node finds its catalog, in files or at those who publish it, and where it keeps what it made of it.
public import Documents
public import Units

public struct CatalogSettings: DocumentObject, Equatable {
    /// A directory of JSON files, or a compiled snapshot.
    public internal(set) var path: String?
    public internal(set) var published: Published?
    public internal(set) var stateDirectory = ""
    /// How often the files are looked at for a change.
    public internal(set) var reload = Interval.seconds(5)
    public internal(set) var retain = Interval.seconds(8 * 86_400)
    public internal(set) var retainBytes = 16 * 1024 * 1024 * 1024

    package init() {}

    package static let schema = Schema<CatalogSettings>(
        "catalog",
        [
            .optional(
                "path", \.path, .absolutePath,
                "A directory of JSON files, or a snapshot that `paceline catalog compile` has made."),
            .optional(
                "published", \.published, .object,
                "The catalog that is published at the coordinators, in place of `path`: the node asks those in `ledger.issuer.coordinators`, with the same certificates. `{}` takes every default."
            ),
            .required(
                "stateDirectory", \.stateDirectory, .absolutePath, example: "/var/lib/paceline/catalog",
                "Where compiled catalogs are kept, the last good one among them, for this node alone. Made where it is missing; its parent is not."
            ),
            .defaulted(
                "reloadSeconds", \.reload, .seconds(1...86_400),
                "How often the files are looked at. A changed catalog is compiled and taken while serving; one that is refused is not, and the last good one stays.",
                because: "Looking costs a system call for each file; nobody waits long for what he changed."),
            .defaulted(
                "retainSeconds", \.retain, .seconds(60...315_360_000),
                "How long a compiled catalog is kept after it was last served.",
                because: "A day longer than the journal keeps what was decided with it."),
            .defaulted(
                "retainBytes", \.retainBytes, .integer(16_777_216...17_592_186_044_416, unit: "bytes"),
                "Bytes that all compiled catalogs may take. The oldest go first, never the one that is served; decisions made with what is gone cannot be replayed on this node.",
                because: "Some hundred catalogs of 100,000 line items, changed a dozen times a day."),
        ],
        rules: [
            Rule("Either `path` or `published` stands there, and not both.") { catalog, objections in
                guard (catalog.path == nil) == (catalog.published == nil) else { return }
                objections.refuse(
                    catalog.path == nil ? "path" : "published",
                    found: catalog.path == nil ? "neither it nor `published`" : "`path` beside it",
                    allowed:
                        "one of the two: `path` for files here, `published` for what the coordinators publish"
                )
            }
        ])

    public struct Published: DocumentObject, Equatable {
        public internal(set) var blobBytes = 1024 * 1024 * 1024

        package init() {}

        package static let schema = Schema<Self>(
            "catalog.published",
            [
                .defaulted(
                    "limitBytes", \.blobBytes, .integer(1_048_576...4_294_967_295, unit: "bytes"),
                    "The largest compiled catalog that is fetched. What is larger is refused, and the last good one stays. It goes to the disk as it comes, and is mapped from there.",
                    because: "Ten times a catalog of 100,000 line items, which has some 85 MB."
                )
            ])
    }
}
