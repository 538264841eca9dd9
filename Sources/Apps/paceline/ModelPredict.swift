// `paceline model predict`: what a model says of rows, exact to the last digit.
import Commands
import Glibc
import Inference

enum ModelPredict {
    static let model = ModelInput.model
    static let rows = Parameter.option(
        "rows", WordKind.file, default: "-",
        "Rows: a .csv, .tsv or .libsvm file, or - for commas on standard input.")
    static let raw = Parameter.flag("raw", "Print raw scores, as they are before the objective's transform.")
    static let calibrator = Parameter.option(
        "calibrator", WordKind.file,
        "A calibrator, from predictions to probabilities that hold; without it, a directory's own.")
    static let noHeader = Parameter.flag("no-header", "The first line of separated values is a row, too.")

    static let command = Command(
        "predict", "Prints what a model says of rows.",
        discussion: """
            One line for each row, with a column for each output, in 17 digits: enough to tell every number.
            Raw scores are those of the model's own library to the last bit. Columns are taken by the model's
            names where the header has them, else in their order; nothing, or NA, is a missing value.
            A calibrator is given the predictions, and its probabilities are printed.
            """,
        parameters: [model, rows, raw, calibrator, noHeader],
        examples: [
            Example(
                "paceline model predict --model Examples/models/click.txt --rows Examples/models/rows.csv --raw",
                "Raw scores, as LightGBM gives them.", prints: "-1.2545598002682488"),
            Example(
                "paceline model predict --model Examples/models/price.json --rows Examples/models/rows.csv",
                "XGBoost's models are read alike.", prints: "4.6415066719055176"),
            Example(
                "printf '20,2,1.5,0.8,0.02\\n' | paceline model predict --model Examples/models/click.txt --no-header",
                "One row by hand."),
            Example(
                "printf '20,3,1,0,4,0.9,15,0.97\\n' | paceline model predict --model Examples/predictions/completion.txt "
                    + "--calibrator Examples/predictions/completion.json --no-header",
                "A probability that holds."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        var (model, calibrator) = try ModelInput.loadCalibrated(call[model])
        if let path = call[Self.calibrator] {
            guard !call[raw] else {
                throw Failure(
                    "--raw and --calibrator do not go together: a raw score is as the model gives it", .usage)
            }
            calibrator = try ModelInput.calibrator(path)
        }
        let form = try RowFile.form(of: call[rows])
        let rows = try RowFile(call[rows], form, hasHeader: !call[noHeader], for: model.head)
        var scratch = ModelScratch(for: model)
        var scores = [Double](repeating: 0, count: rows.count * model.outputCount)
        var all = scores.mutableSpan
        model.score(rows.values.span, into: &all, &scratch)
        for row in 0..<rows.count {
            var one = Array(scores[row * model.outputCount..<(row + 1) * model.outputCount])
            if !call[raw] {
                var span = one.mutableSpan
                model.head.predict(&span)
                calibrator?.replace(&span)
            }
            output.print(one.map(digits).joined(separator: "\t"))
        }
        return .ok
    }

    /// As `%.17g` writes it.
    private static func digits(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        var buffer = [CChar](repeating: 0, count: 40)
        let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, "%.17g", $0) }
        return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
