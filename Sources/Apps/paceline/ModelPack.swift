// `paceline model pack`: writes what proves a directory of models: golden rows, and the sums of all files.
import Commands
import DecisionJournal
import Documents
import Units

enum ModelPack {
    static let directory = Parameter.argument(
        "DIR", WordKind.file, "A directory with models.json, and the files that it names.")
    static let json = Parameter.json

    static let command = Command(
        "pack", "Writes golden rows and sums of its files for a directory.",
        discussion: """
            For each model 64 rows of values that its schema lets through, with the raw scores that they have, and in
            models.json the SHA-256 of every file. A node that reads the directory then refuses a model whose file
            was changed, or that gives another score: to the last bit, a graph's nearly so. Golden rows that somebody
            else wrote, with the scores of the model's own library, stay and must hold.
            """,
        parameters: [directory, json],
        examples: [
            Example(
                "cp -r Examples/predictions models; paceline model pack models",
                "After training, before publishing."),
            Example(
                "cp -r Examples/predictions models; paceline model pack models > /dev/null; "
                    + "sed -i 's/leaf_value=1.9/leaf_value=1.8/' models/completion.txt; paceline model check models",
                "A file that was changed afterwards.", outcome: .failed),
            Example(
                "cp -r Examples/predictions models; paceline model pack models --json",
                "The same for programs."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let packed = try ModelDirectory.pack(call[directory])
        if call[json] {
            output.print([
                "version": .string(hexadecimal(packed.version)), "files": .number(packed.files),
                "golden": .array(packed.golden.map { .string($0) }),
            ])
        } else {
            output.print(
                "\(call[directory]): version \(hexadecimal(packed.version)), sums of \(packed.files) files, "
                    + "golden rows written for \(packed.golden.count) models")
        }
        return .ok
    }
}
