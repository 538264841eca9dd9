// What the commands on features read: a schema, a store, and changes in the forms that people and pipelines write.
import Commands
import Documents
import Features
import Kernel
import Store

enum FeaturesInput {
    static let schema = Parameter.requiredOption("schema", WordKind.file, "The schema of the features.")
    static let store = Parameter.requiredOption(
        "store", WordKind.file, "The directory of the profiles: one file for each kind of thing.")

    /// A schema of a thousand features with long lists of categories.
    static let schemaBytesMost = 64 << 20
    /// As much history as fits beside its profiles on a laptop; longer ones are imported piece by piece.
    static let changesBytesMost = 1 << 30

    static func features(_ path: String) throws(Failure) -> CompiledFeatures {
        let bytes = try InputFile.read(path, limit: schemaBytesMost)
        return try SettingsFile.refusing(path) { () throws(DocumentRefused) in
            try CompiledFeatures(reading: bytes)
        }
    }

    static func file(_ entity: FeatureEntity, in store: String) -> String {
        "\(store)/\(entity.rawValue).profiles"
    }

    static func entity(_ word: String) throws(Failure) -> FeatureEntity {
        if let entity = FeatureEntity(rawValue: word), entity.isStored { return entity }
        let all = FeatureEntity.stored.map(\.rawValue)
        let near = nearestName(to: word, among: all).map { "; did you mean '\($0)'?" } ?? ""
        throw Failure("found '\(word)'; allowed: \(all.joined(separator: ", "))\(near)", .usage)
    }

    /// Every change of a file, in its order: a table where its name ends in .csv, and else lines of JSON. What is wrong
    /// is told to `refused` with its line, and the rest is taken.
    static func changes(
        _ path: String, _ features: CompiledFeatures, _ take: (ToldChange) throws(Failure) -> Void,
        refused: (Int, String) -> Void
    ) throws(Failure) {
        let bytes = try InputFile.read(path, limit: changesBytesMost)
        let reading = ChangeReading(features)
        guard !path.hasSuffix(".csv") else {
            return try table(bytes, path, reading, take, refused: refused)
        }
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated() where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 })
        {
            let changes: [ToldChange]
            do {
                changes = try reading.changes(Array(line))
            } catch {
                for refusal in error.refusals {
                    let place = refusal.path.isEmpty ? "" : "\(refusal.path): "
                    let near = refusal.nearest.map { "; did you mean '\($0)'?" } ?? ""
                    refused(index + 1, "\(place)found \(refusal.found); allowed \(refusal.allowed)\(near)")
                }
                continue
            }
            for change in changes { try take(change) }
        }
    }

    private static func table(
        _ bytes: [UInt8], _ path: String, _ reading: ChangeReading,
        _ take: (ToldChange) throws(Failure) -> Void, refused: (Int, String) -> Void
    ) throws(Failure) {
        var text = DelimitedText(bytes)
        var columns: TableColumns?
        while true {
            let row: [String]?
            do {
                row = try text.next()
            } catch {
                // After a quote that does not close nobody knows where the next row begins.
                throw Failure("\(InputFile.displayName(path)): \(error)")
            }
            guard let row else { break }
            let changes: [ToldChange]
            do throws(TableRefusal) {
                guard let table = columns else {
                    columns = try reading.columns(row)
                    continue
                }
                changes = try reading.changes(row, table)
            } catch {
                if columns == nil { throw Failure("\(InputFile.displayName(path)): line 1: \(error)") }
                refused(text.line, error.description)
                continue
            }
            for change in changes { try take(change) }
        }
    }
}
