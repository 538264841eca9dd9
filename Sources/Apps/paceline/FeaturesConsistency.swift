// `paceline features consistency`: whether logged rows are what the history of changes says they were.
import Catalog
import Commands
import Documents
import Features
import Units

enum FeaturesConsistency {
    static let history = Parameter.requiredOption(
        "history", WordKind.file, "The changes in the order in which they were applied, as for import.")
    static let rows = Parameter.arguments(
        "ROWS", WordKind.file, atLeastOne: false, "Rows as `paceline features show --json` writes them.")
    static let journal = Parameter.option(
        "journal", WordKind.file,
        "The journal of a node: what profiles said in the decisions whose requests it kept.")

    private static let shownMost = 50
    private static let demo =
        "S=Examples/features/schema.json H=Examples/features/history.jsonl; "
        + "paceline features import --schema $S --store profiles $H > /dev/null; "
        + "paceline features show --schema $S --store profiles --at 2026-11-20T20:00:00Z --json user viewer-1 nobody > rows"

    static let command = Command(
        "consistency", "Recomputes rows from the history of changes.",
        discussion: """
            Each row says by its version how many changes had made the profile when it was read. Those are applied
            again, and every value and code must be the same to the last bit: what models were trained on is then what they
            are served. Exits with 1 where one differs.
            """,
        parameters: [FeaturesInput.schema, history, journal, rows],
        examples: [
            Example(
                "\(demo); paceline features consistency --schema $S --history $H rows",
                "Rows that were served, once more from what happened.",
                prints: "2 rows, 12 values: 0 differ"),
            Example(
                "sed 's/\"value\": 34.0/\"value\": 35.0/' rows > other; "
                    + "paceline features consistency --schema Examples/features/schema.json "
                    + "--history Examples/features/history.jsonl other",
                "A value that nothing led to.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let features = try FeaturesInput.features(call[FeaturesInput.schema])
        var changes: [FeatureEntity: [UInt64: [ToldChange]]] = [:]
        var complaints: [String] = []
        guard !call[rows].isEmpty || call[journal] != nil else {
            throw Failure("nothing to recompute: name files of rows, or a --journal", .usage)
        }
        let path = call[history]
        try FeaturesInput.changes(
            path, features,
            { changes[$0.entity, default: [:]][$0.change.key, default: []].append($0) },
            refused: { complaints.append("\(InputFile.displayName(path)):\($0): \($1)") })
        if let first = complaints.first {
            throw Failure(
                "\(first)\nthe history has \(complaints.count) such lines; with them missing nothing can be told"
            )
        }
        var (rowCount, valueCount, differences) = (0, 0, 0)
        for path in call[rows] {
            let bytes = try InputFile.read(path, limit: FeaturesInput.changesBytesMost)
            for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated() where !line.isEmpty
            {
                let place = "\(InputFile.displayName(path)):\(index + 1)"
                let logged = try LoggedRow(Array(line), place)
                let told = changes[logged.entity]?[CompiledFeatures.key(logged.name)] ?? []
                let row = try row(
                    told, logged.entity, logged.name, at: logged.at, version: logged.version, features, place)
                rowCount += 1
                for column in row.columns {
                    valueCount += 1
                    let name = features.schema.features[column].name
                    let (value, code) = (row.values[column], "\(row.codes[column])")
                    let found = logged.features[name]
                    let isSame =
                        found.map { $0.code == code && ($0.value ?? .nan).bitPattern == value.bitPattern }
                        ?? false
                    if isSame || value.isNaN && found?.code == code && found?.value == nil { continue }
                    differences += 1
                    if differences <= shownMost {
                        let was = found.map { "\($0.value.map { "\($0)" } ?? "nothing") (\($0.code))" }
                        output.print(
                            "\(place): \(logged.entity.rawValue) \(logged.name), \(name): logged \(was ?? "nowhere"), recomputed \(value) (\(code))"
                        )
                    }
                }
            }
        }
        if let path = call[journal] {
            var journaled = JournaledRows(features, changes)
            try journaled.check(path)
            for line in journaled.lines.prefix(max(0, shownMost - differences)) { output.print(line) }
            for complaint in journaled.complaints { output.complain("\(call.path): \(complaint)") }
            rowCount += journaled.rows
            valueCount += journaled.values
            differences += journaled.lines.count
            output.print("\(journaled.decisions) decisions of the journal have what profiles said")
        }
        output.print("\(rowCount) rows, \(valueCount) values: \(differences) differ")
        return differences == 0 ? .ok : .failed
    }

    /// What the first changes of a thing made of it.
    static func row(
        _ told: [ToldChange], _ entity: FeatureEntity, _ name: String, at: Instant, version: UInt32,
        _ features: CompiledFeatures, _ place: String
    ) throws(Failure) -> FeatureRow {
        let profile = try profile(told, version: version, features, entity, name, place)
        return FeatureRow(
            entity: entity, name: name, at: at, version: version, profile: profile, features)
    }

    private static func profile(
        _ told: [ToldChange], version: UInt32, _ features: CompiledFeatures, _ entity: FeatureEntity,
        _ name: String, _ place: String
    ) throws(Failure) -> [UInt8]? {
        guard version > 0 else { return nil }
        let layout = features.layout(of: entity)
        var profile = [UInt8](repeating: 0, count: layout.bytes)
        var applied: UInt32 = 0
        for change in told {
            var span = profile.mutableSpan
            var bytes = span.mutableRaw
            if layout.apply(change.change, toldAt: change.told, to: &bytes) == .applied { applied += 1 }
            if applied == version { return profile }
        }
        throw Failure(
            "\(place): \(entity.rawValue) \(name) was at version \(version), and the history has \(applied) changes of it; give all of it"
        )
    }
}

/// A line that `paceline features show --json` wrote.
private struct LoggedRow {
    let entity: FeatureEntity
    let name: String
    let at: Instant
    let version: UInt32
    let features: [String: (value: Float?, code: String)]

    init(_ line: [UInt8], _ place: String) throws(Failure) {
        let tree: JSONTree
        do {
            tree = try JSONTree(reading: line)
        } catch {
            throw Failure("\(place): broken JSON: \(error)")
        }
        let fields = tree.fields
        guard let entity = FeatureEntity.stored.first(where: { fields[$0.rawValue] != nil }),
            case .string(let name)? = fields[entity.rawValue]?.content,
            case .string(let at)? = fields["at"]?.content, let instant = WordKind.instant.value(of: at),
            case .number(let digits)? = fields["version"]?.content, let version = UInt32(digits),
            let features = fields["features"]
        else {
            throw Failure("\(place): is no row; allowed: lines that `paceline features show --json` writes")
        }
        self.entity = entity
        self.name = name
        self.at = instant
        self.version = version
        self.features = features.fields.mapValues { feature in
            let fields = feature.fields
            var value: Float?
            if case .number(let digits)? = fields["value"]?.content { value = Float(digits) }
            var code = ""
            if case .string(let word)? = fields["code"]?.content { code = word }
            return (value, code)
        }
    }
}

extension JSONTree {
    fileprivate var fields: [String: JSONTree] {
        guard case .object(let members) = content else { return [:] }
        return Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
