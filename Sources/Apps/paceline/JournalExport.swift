// `paceline journal cat` and `export`: the records of journals, for people and for other programs.
import Commands
import Documents
import Journal
import Units

enum JournalExport {
    enum Format: String, CaseIterable, Sendable { case jsonl, csv }

    static let paths = JournalVerify.paths
    static let kind = Parameter.option(
        "kind", WordKind<RecordName>.choice("KIND"), "Only records of this kind.")
    static let format = Parameter.option(
        "format", WordKind<Format>.choice("FORMAT"), default: .jsonl,
        "jsonl: an object a line. csv: a table, of one kind.")
    static let json = Parameter.json

    static let cat = Command(
        "cat", "Prints the records of journals.",
        discussion: """
            One line for each record, in order, journal after journal. A kind that this program does not know \
            is shown as its bytes. What is damaged is reported, and the rest is printed all the same; then it \
            exits with 1.
            """,
        parameters: [paths, kind, json],
        examples: [
            Example("mkdir journal; paceline journal cat journal", "Print what a node did."),
            Example("paceline journal cat --kind access --json journal", "One kind, as JSON."),
        ],
        run: { call, output in
            print(call[paths], call[kind], call, &output) { call[json] ? jsonLine($0) : textLine($0) }
        })

    static let export = Command(
        "export", "Writes the records of journals for other programs.",
        discussion: """
            Numbers and texts as they were recorded; times in nanoseconds since 1970. In CSV one kind is one \
            table, so --kind is needed, and texts are quoted by RFC 4180. Exits with 1 where anything is \
            damaged.
            """,
        parameters: [paths, kind, format],
        examples: [
            Example("mkdir journal; paceline journal export journal > all.jsonl", "Everything."),
            Example(
                "paceline journal export --kind access --format csv journal",
                "What was answered, for a spreadsheet."),
        ],
        run: { call, output throws(Failure) in
            guard call[format] == .csv else {
                return print(call[paths], call[kind], call, &output) { jsonLine($0) }
            }
            guard let name = call[kind],
                let layout = RecordLayout.all.last(where: { $0.name == name.rawValue })
            else {
                throw Failure("--format csv needs --kind: each kind is a table of its own", .usage)
            }
            let columns = ["node", "shard", "sequence", "time"] + layout.fields.map(\.name)
            output.print(columns.joined(separator: ","))
            return print(call[paths], name, call, &output) { csvLine($0) }
        })

    private static func print(
        _ paths: [String], _ kind: RecordName?, _ call: Invocation, _ output: inout Output,
        _ line: (RecordWalk.Record) -> String
    ) -> Outcome {
        let walk = RecordWalk(kind: kind?.rawValue)
        var complaints: [String] = []
        let isWhole = walk.run(paths) {
            output.print(line($0))
        } broken: {
            complaints.append($0)
        }
        for complaint in complaints { output.complain("\(call.path): \(complaint)") }
        return isWhole ? .ok : .failed
    }

    private static func textLine(_ record: RecordWalk.Record) -> String {
        var parts = ["\(record.entry.sequence)", TimeText.utc(record.entry.time), record.name]
        parts += record.fields.map { name, value in
            switch value {
            case .natural(let number): "\(name)=\(number)"
            case .integer(let number): "\(name)=\(number)"
            case .text(let text): "\(name)=\(JSONTree.string(text).line)"
            case .bytes(let bytes): "\(name)=(\(bytes.count) bytes)"
            }
        }
        if let unknown = record.unknown { parts.append(hexadecimal(unknown)) }
        return parts.joined(separator: " ")
    }

    private static func jsonLine(_ record: RecordWalk.Record) -> String {
        var members: [JSONTree.Member] = [
            .init("node", .string(record.writer)), .init("shard", .number(record.shard)),
            .init("segment", .number(record.segment)), .init("sequence", .number(record.entry.sequence)),
            .init("time", .number(record.entry.time.nanoseconds)), .init("kind", .string(record.name)),
            .init("version", .number(record.entry.version)),
        ]
        let fields = record.fields.map { JSONTree.Member($0.name, $0.value.tree) }
        if let unknown = record.unknown {
            members.append(.init("bytes", .string(hexadecimal(unknown))))
        } else {
            members.append(.init("fields", .object(fields)))
        }
        return JSONTree.object(members).line
    }

    private static func csvLine(_ record: RecordWalk.Record) -> String {
        let head = [
            quoted(record.writer), "\(record.shard)", "\(record.entry.sequence)",
            "\(record.entry.time.nanoseconds)",
        ]
        let fields = record.fields.map { field in
            switch field.value {
            case .natural(let number): "\(number)"
            case .integer(let number): "\(number)"
            case .text(let text): quoted(text)
            case .bytes(let bytes): hexadecimal(bytes)
            }
        }
        return (head + fields).joined(separator: ",")
    }

    /// RFC 4180: in quotes where it must be, with quotes doubled.
    private static func quoted(_ text: String) -> String {
        let special: Set<Character> = ["\"", ",", "\n", "\r", "\r\n"]
        guard text.contains(where: special.contains) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }
}

/// The kinds of record that this program knows, by name.
struct RecordName: RawRepresentable, CaseIterable, Sendable {
    let rawValue: String

    private init(_ layout: RecordLayout) { rawValue = layout.name }

    init?(rawValue: String) {
        guard let layout = RecordLayout.all.first(where: { $0.name == rawValue }) else { return nil }
        self.init(layout)
    }

    static var allCases: [RecordName] {
        var names: [RecordName] = []
        for layout in RecordLayout.all where !names.contains(where: { $0.rawValue == layout.name }) {
            names.append(RecordName(layout))
        }
        return names
    }
}

extension FieldValue {
    fileprivate var tree: JSONTree {
        switch self {
        case .natural(let number): .number(number)
        case .integer(let number): .number(number)
        case .text(let text): .string(text)
        case .bytes(let bytes): .string(hexadecimal(bytes))
        }
    }
}
