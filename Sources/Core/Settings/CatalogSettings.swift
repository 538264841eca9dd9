// Where a node finds its catalog, and where it keeps what it made of it.
public import Documents
public import Units

public struct CatalogSettings: DocumentObject, Equatable {
    /// A directory of JSON files, or a compiled snapshot.
    public internal(set) var path = ""
    public internal(set) var stateDirectory = ""
    /// How often the files are looked at for a change.
    public internal(set) var reload = Interval.seconds(5)
    public internal(set) var retain = Interval.seconds(8 * 86_400)
    public internal(set) var retainBytes = 16 * 1024 * 1024 * 1024

    package init() {}

    package static let schema = Schema<CatalogSettings>(
        "catalog",
        [
            .required(
                "path", \.path, .absolutePath, example: "/etc/paceline/catalog",
                "A directory of JSON files, or a snapshot that `paceline catalog compile` has made."),
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
        ])
}
