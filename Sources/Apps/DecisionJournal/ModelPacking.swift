// Makes a directory of models ready to be shipped: golden rows, and the checksums of all files.
public import Commands
import Decision
public import Documents
import Features
public import Inference
import Kernel
import Units

extension ModelDirectory {
    /// As many rows as tell one model from another, and no load notices.
    private static let goldenMost = 64

    /// Writes what was made of a directory, after all of it was checked; nothing where it is refused.
    ///
    /// - Parameter rows: rows of which each model is to say again what it says now, as wide as it has features. Without
    ///   them the golden rows stay that the list names.
    public static func pack(
        _ path: String, rows: ((ModelHead) throws(Failure) -> [Double])?
    ) throws(Failure) -> ModelDirectory {
        var made: [(name: String, bytes: [UInt8])] = []
        func content(_ name: String) throws(Failure) -> [UInt8] {
            if let one = made.first(where: { $0.name == name }) { return one.bytes }
            return try read(name, in: path)
        }
        let bytes = try read(list, in: path)
        var packed = try SettingsFile.refusing("\(path)/\(list)") { () throws(DocumentRefused) in
            // The former checksums are of former files.
            try ModelList(reading: bytes, isSealed: false)
        }
        if let rows {
            made.append((list, Array(packed.withoutGolden.page.utf8)))
            let directory = try ModelDirectory(path, isMeasured: false, reading: content)
            made = []
            for (index, model) in directory.models.enumerated() {
                let head = model.model.head
                let values = try rows(head).prefix(goldenMost * head.featureCount)
                guard !values.isEmpty, !values.contains(where: \.isInfinite) else {
                    throw Failure(
                        "golden rows of \(packed.models[index].file): found \(values.isEmpty ? "no row" : "an infinite value"); allowed: rows of numbers and missing values"
                    )
                }
                let golden = GoldenRows(of: model.model, model.calibrator, rows: Array(values))
                let name = packed.models[index].goldenName
                packed.models[index].golden = name
                made.append((name, Array(golden.rows.map { $0.line + "\n" }.joined().utf8)))
            }
        }
        var files: [ListedFile] = []
        for name in packed.names {
            var file = ListedFile()
            file.name = name
            file.sha256 = checksum(try content(name))
            files.append(file)
        }
        packed.files = files
        made.append((list, Array(packed.page.utf8)))
        let directory = try ModelDirectory(path, isMeasured: true, reading: content)
        // The list last: until it is there, the former one speaks of the former files.
        for file in made {
            do {
                try Kernel.replace("\(path)/\(file.name)", with: file.bytes)
            } catch { throw Failure("\(error)") }
        }
        return directory
    }

    /// The files of the models that decide, in the list's order.
    public var modelFiles: [String] { list.models.filter { !$0.isShadow }.map(\.file) }

    /// What it is, for people, with a line for each model.
    public func page(_ path: String) -> String {
        let schema = served.features.schema
        let seal = isSealed ? "sealed" : "not sealed: `paceline model pack` writes checksums and golden rows"
        let count = models.count == 1 ? "1 model" : "\(models.count) models"
        let head = "\(path): ok, \(count) over \(schema.name) version \(schema.version), \(seal)"
        return ([head] + lines.map { "  \($0)" }).joined(separator: "\n")
    }

    /// A line for each model: what it predicts, from which file, and what it takes.
    private var lines: [String] {
        zip(list.models, models).map { entry, model in
            let version = entry.version.map { " version \($0)" } ?? ""
            let parent = entry.parent.map { " after \($0)" } ?? ""
            let golden = entry.golden == nil ? "no golden rows" : "golden rows exact"
            let bound = entry.latencyMicroseconds.map { " of \($0)" } ?? ""
            let role = entry.isShadow ? "shadow \(entry.title) of" : "\(model.tier)"
            let whose =
                entry.campaigns.map { $0.count == 1 ? " for \($0[0])" : " for \($0.count) campaigns" } ?? ""
            return "\(role) \(model.goal.name)\(whose)\(version)\(parent): \(entry.file), \(golden), "
                + "\(ModelCost(of: model.model))\(bound)"
        }
    }
}

extension ModelList {
    fileprivate var withoutGolden: ModelList {
        var list = self
        for index in list.models.indices { list.models[index].golden = nil }
        return list
    }
}

extension ModelDirectory {
    /// What it is, for lists of packages.
    public var contents: JSONTree {
        let schema = served.features.schema
        return [
            "models": .string(hexadecimal(served.version)), "schema": .string(schema.name),
            "schemaVersion": .number(schema.version),
            "list": .array(
                zip(list.models, models).map { entry, model in
                    [
                        "goal": .string(model.goal.name), "role": .string(entry.role.rawValue),
                        "name": .string(entry.title), "file": .string(entry.file),
                        "version": entry.version.map { .number($0) } ?? .null,
                    ]
                }),
        ]
    }
}
