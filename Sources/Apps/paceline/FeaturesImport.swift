// `paceline features import`: profiles from files, through the same kernel as the stream.
import Commands
import Documents
import Features
import Kernel
import Store

enum FeaturesImport {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: true,
        "Changes: a table where the name ends in .csv, and else lines of JSON; - is standard input.")
    static let megabytes = Parameter.option(
        "megabytes", WordKind.integer(1...1_048_576), default: 64,
        "How large a file of profiles is made, where it is not there yet.")

    /// Nobody reads more complaints before looking at the file.
    private static let shownMost = 20

    static let command = Command(
        "import", "Imports changes into profiles.",
        discussion: """
            A line of JSON sets features of one thing or tells of an event; a row of a table sets features. They may
            come in any order: of two values of a feature the later one counts. An event that is imported twice
            counts twice. Lines that are wrong are told and passed over; the exit code is then 1.
            """,
        parameters: [FeaturesInput.schema, FeaturesInput.store, megabytes, files],
        examples: [
            Example(
                "paceline features import --schema Examples/features/schema.json --store profiles "
                    + "Examples/features/history.jsonl Examples/features/audience.csv",
                "Build the demo's profiles.",
                prints: "12 changes applied, 1 late, 0 ahead of their time; 0 lines refused"),
            Example(
                "echo '{\"at\": \"2026-11-20T18:00:00Z\", \"user\": \"v\", \"set\": {\"user.ages\": 3}}' | "
                    + "paceline features import --schema Examples/features/schema.json --store profiles -",
                "What is wrong is told with its line.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let features = try FeaturesInput.features(call[FeaturesInput.schema])
        let directory = call[FeaturesInput.store]
        do {
            try Kernel.makeDirectory(directory)
        } catch {
            throw Failure("\(directory): could not be made: \(error)")
        }
        var stores: [FeatureEntity: ProfileStore] = [:]
        var refusedLines = 0
        var complaints: [String] = []
        for path in call[files] {
            try FeaturesInput.changes(
                path, features,
                { told throws(Failure) in
                    let store: ProfileStore
                    if let known = stores[told.entity] {
                        store = known
                    } else {
                        store = try open(told.entity, directory, features, call[megabytes] << 20)
                        stores[told.entity] = store
                    }
                    _ = store.apply(told.change, toldAt: told.told)
                },
                refused: { line, reason in
                    refusedLines += 1
                    if complaints.count < shownMost {
                        complaints.append("\(InputFile.displayName(path)):\(line): \(reason)")
                    }
                })
        }
        for line in complaints { output.print(line) }
        if refusedLines > complaints.count {
            output.print("and \(refusedLines - complaints.count) more")
        }
        let tallies = stores.values.map(\.tally)
        func sum(_ part: (ProfileTally) -> Int) -> Int { tallies.map(part).reduce(0, +) }
        output.print(
            "\(sum(\.applied)) changes applied, \(sum(\.late)) late, \(sum(\.ahead)) ahead of their time; \(refusedLines) lines refused"
        )
        for entity in FeatureEntity.stored {
            guard let tally = stores[entity]?.tally else { continue }
            let forgotten = tally.forgotten > 0 ? ", \(tally.forgotten) forgotten for want of room" : ""
            let torn = tally.torn > 0 ? ", \(tally.torn) half written ones forgotten" : ""
            output.print("  \(entity.rawValue): \(tally.profiles) profiles\(forgotten)\(torn)")
        }
        return refusedLines == 0 ? .ok : .failed
    }

    private static func open(
        _ entity: FeatureEntity, _ directory: String, _ features: CompiledFeatures, _ bytes: Int
    ) throws(Failure) -> ProfileStore {
        do {
            return try ProfileStore(
                FeaturesInput.file(entity, in: directory), features, entity, bytesMost: bytes)
        } catch {
            throw Failure("\(error)")
        }
    }
}
