// `paceline model pack`: from a directory of models to one that can be shipped.
import Commands
import DecisionJournal
import Inference

enum ModelPack {
    static let directory = Parameter.argument(
        "DIRECTORY", WordKind.file, "A directory with models.json and the files that it names.")
    static let rows = Parameter.option(
        "rows", WordKind.file,
        "Rows for new golden rows: a .csv, .tsv or .libsvm file with the models' features by their names.")

    static let command = Command(
        "pack", "Seals a directory of models with golden rows and checksums.",
        discussion: """
            With --rows each model is asked about the first 64 rows, and what it says now is what it must say
            wherever it is loaded: trees to the last bit. Golden rows from the trainer are kept as they are, and the
            models are held to them. Then the checksums of all files are written into models.json. Everything that
            a node looks at is checked first, and nothing is written where it would be refused.
            """,
        parameters: [directory, rows],
        examples: [
            Example(
                "cp -r Examples/predictions mine; chmod -R u+w mine; sed 's/delivery/sales/' -i mine/features.json; "
                    + "paceline model pack mine",
                "Seal it again after a change."),
            Example(
                "printf 'hour,deviceType,genre,isLive,user.completes7d,user.watched7d,seconds,creative.completion30d\\n' "
                    + "> rows.csv; echo 20,3,1,0,4,0.9,15,0.97 >> rows.csv; paceline model pack mine --rows rows.csv",
                "With new golden rows."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let path = call[directory]
        guard let file = call[rows] else {
            output.print(try ModelDirectory.pack(path, rows: nil).page(path))
            return .ok
        }
        let form = try RowFile.form(of: file)
        let packed = try ModelDirectory.pack(path) { head throws(Failure) in
            try RowFile(file, form, hasHeader: true, for: head).values
        }
        output.print(packed.page(path))
        return .ok
    }
}
