// `paceline slo check`: whether service levels are understood, and whether anything exports what they measure.
import Commands
import Documents
import Operations

enum SLOCheck {
    static let path = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: false, "Service levels, or - for standard input.")
    static let exporters = Parameter.option(
        "exporters", .list(of: .file), "Files with what exporters answer at /metrics.")
    static let runbooks = Parameter.option(
        "runbooks", WordKind.file, "The directory of runbooks, whose queries are looked at too.")
    static let schema = Parameter.flag("schema", "Print the JSON Schema of such files, for editors.")
    static let json = Parameter.json

    /// Thirty alerts are 20 KiB.
    static let limitBytes = 1 << 20
    /// A scrape has at most 4,096 series, with long labels.
    private static let scrapeLimitBytes = 16 << 20

    static let command = Command(
        "check", "Checks service levels, and that what they name is exported.",
        discussion: """
            Rules and dashboards are made from one file of service levels. With --exporters every metric that
            any of them names, every label and every value that it is compared with must be in one of these
            scrapes: an alert on a metric that nobody has never fires. Exits with 1 where something is wrong.
            """,
        parameters: [path, exporters, runbooks, schema, json],
        examples: [
            Example(
                "paceline slo check nixos/observability/slo.json", "Check the repository's.",
                prints: "nixos/observability/slo.json: ok, 6 objectives, 36 causes"),
            Example(
                "echo 'up 1' > scrape; paceline slo check --exporters scrape nixos/observability/slo.json | head -n 1",
                "Nobody exports what it names."),
            Example("paceline slo check --schema > slo.schema.json", "Let your editor check as you type."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard call[path].isEmpty == call[schema] else {
            throw Failure("either a FILE is needed, or --schema", .usage)
        }
        if call[schema] { output.print(ServiceLevels.jsonSchema.page) }
        var exposition: Exposition?
        for file in call[exporters] ?? [] {
            var all = exposition ?? Exposition()
            all.read(String(decoding: try InputFile.read(file, limit: scrapeLimitBytes), as: UTF8.self))
            exposition = all
        }
        let pages =
            try call[runbooks].map { directory throws(Failure) in try RunbookFiles.all(in: directory) } ?? []
        var outcome = Outcome.ok
        for path in call[path] {
            guard let levels = try read(path, json: call[json], &output) else {
                outcome = .failed
                continue
            }
            let problems = exposition.map { QueryCheck.problems(of: levels, pages, $0) } ?? []
            if !problems.isEmpty { outcome = .failed }
            tell(levels, path, problems, json: call[json], &output)
        }
        return outcome
    }

    /// The service levels, or nil after it was told what is wrong with the file.
    static func read(_ path: String, json: Bool, _ output: inout Output) throws(Failure) -> ServiceLevels? {
        let bytes = try InputFile.read(path, limit: limitBytes)
        do {
            return try ServiceLevels(reading: bytes)
        } catch {
            output.print(error, of: path, asJSON: json)
            return nil
        }
    }

    private static func tell(
        _ levels: ServiceLevels, _ path: String, _ problems: [QueryCheck.Problem], json: Bool,
        _ output: inout Output
    ) {
        guard !json else {
            output.print([
                "file": .string(path), "valid": .bool(problems.isEmpty),
                "objectives": .number(levels.objectives.count), "causes": .number(levels.causes.count),
                "problems": .array(
                    problems.map { ["where": .string($0.place), "problem": .string($0.objection)] }),
            ])
            return
        }
        for problem in problems { output.print("\(problem.place): \(problem.objection)") }
        if problems.isEmpty {
            output.print(
                "\(InputFile.displayName(path)): ok, \(levels.objectives.count) objectives, \(levels.causes.count) causes"
            )
        }
    }
}
