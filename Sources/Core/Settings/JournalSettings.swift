// Where a daemon journals what it does, how much of it is kept, and how soon it is on the disk.
public import Documents
public import Units

/// A journal of records on disk, one for each shard.
public struct JournalSettings: DocumentObject, Equatable {
    public internal(set) var directory = ""
    public internal(set) var segmentBytes = 64 * 1024 * 1024
    public internal(set) var segmentAge = Interval.seconds(3_600)
    public internal(set) var retainBytes = 4 * 1024 * 1024 * 1024
    public internal(set) var retain = Interval.seconds(7 * 86_400)
    public internal(set) var flushInterval = Interval.milliseconds(100)
    /// One request of so many is recorded; 0 stands for none.
    public internal(set) var accessOneIn = 100
    /// The same of decisions that are recorded with their request.
    public internal(set) var requestOneIn = 100
    public internal(set) var witness: String?

    package init() {}

    /// Of every daemon's journal that has money in it.
    package static let witness =
        "A directory whose files end with this boot of the machine, such as below `/run`, in which is kept how far the journal has come. A start that finds an older copy of the journal refuses it. Without it nobody sees that: what an older copy lacks is spent twice."

    package static let schema = Schema<JournalSettings>(
        "journal",
        [
            .required(
                "directory", \.directory, .absolutePath, example: "/var/lib/paceline/journal",
                "Where the segments lie: a directory `shard-N` in it for each shard. Made where it is missing; its parent is not."
            ),
            .defaulted(
                "segmentBytes", \.segmentBytes, .integer(8_388_608...536_870_912, unit: "bytes"),
                "The size of one segment. Its space is taken from the disk before it is used.",
                because: "Seconds of a busy shard's records, and read at once by whoever looks into it."),
            .defaulted(
                "segmentAgeSeconds", \.segmentAge, .seconds(1...86_400),
                "A segment ends at this age, however little is in it.",
                because: "What is shipped or removed by age is at most an hour behind."),
            .defaulted(
                "retainBytes", \.retainBytes, .integer(33_554_432...17_592_186_044_416, unit: "bytes"),
                "Bytes that each shard's segments may take. The oldest go first, but none that is still needed.",
                because: "Half an hour of a shard that writes 2 MB a second, on a disk of any size."),
            .defaulted(
                "retainSeconds", \.retain, .seconds(60...315_360_000),
                "How long a segment is kept after its last record.",
                because: "A week: whoever looks into an incident after a weekend still finds it."),
            .defaulted(
                "flushIntervalMilliseconds", \.flushInterval, .milliseconds(1...10_000),
                "How long a record may wait in memory before it is made durable with all others that wait.",
                because:
                    "What a machine that loses its power may lose; ten commits a second wear out no disk."
            ),
            .defaulted(
                "accessOneIn", \.accessOneIn, .integer(0...1_000_000_000, unit: "requests"),
                "One answered request to `/v1/` of so many is recorded, chosen at random. 0 records none.",
                because: "A hundredth shows what is asked and how long it takes, and costs next to nothing."),
            .defaulted(
                "requestOneIn", \.requestOneIn, .integer(0...1_000_000_000, unit: "decisions"),
                "Every decision is recorded; one of so many, chosen at random, with its request, which `paceline replay` and the whole of `paceline explain` need. 0 records no request; 1 records all, as far as privacy permits.",
                because: "Requests are ten times as long as the rest of a record."),
            .optional("witness", \.witness, .absolutePath, Self.witness),
        ],
        rules: [
            Rule("`segmentBytes` is a multiple of 4096.") { journal, objections in
                if journal.segmentBytes % 4096 != 0 {
                    objections.refuse(
                        "segmentBytes", found: "\(journal.segmentBytes)", allowed: "a multiple of 4096")
                }
            },
            Rule("`retainBytes` is at least four times `segmentBytes`.") { journal, objections in
                if journal.retainBytes < 4 * journal.segmentBytes {
                    objections.refuse(
                        "retainBytes", found: "\(journal.retainBytes)",
                        allowed:
                            "at least \(4 * journal.segmentBytes): a segment in use, one prepared, two kept"
                    )
                }
            },
        ])
}
