// `paceline model compile`: from a library's file to the bytes that nodes map and serve from.
import Commands
import Documents
import Inference
import Kernel

enum ModelCompile {
    static let model = ModelInput.model
    static let target = Parameter.requiredOption(
        "output", WordKind.file, "Where it goes: a path, or a directory, for a file named by its contents.")
    static let json = Parameter.jsonLine

    static let command = Command(
        "compile", "Compiles a model into a file that nodes serve from.",
        discussion: """
            The same model gives the same bytes. The file takes the place of another only whole, and carries a
            checksum and a version, so that one that was damaged or is of another version is refused when it is
            loaded. Nothing is written where the model is refused. In a directory the file is named by its
            contents: VERSION.model.
            """,
        parameters: [model, target, json],
        examples: [
            Example(
                "paceline model compile --model Examples/models/click.txt --output click.model",
                "Compile the demo's model."),
            Example(
                "mkdir models; paceline model compile --model Examples/models/price.json --output models --json",
                "Named by what is in it."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let path = try ModelInput.file(call[model])
        let bytes: [UInt8]
        let compiled: Model
        do {
            bytes = try ModelInput.compiled(try InputFile.read(path, limit: ModelInput.limitBytes))
            compiled = try ModelInput.model(bytes)
        } catch let error as ModelInput.Refused {
            throw Failure("\(InputFile.displayName(path)): \(error.reason)")
        } catch let error as Failure { throw error } catch { throw Failure("\(error)") }
        var target = call[target]
        if (try? Kernel.isDirectory(target)) == true { target += "/\(compiled.version).model" }
        do {
            try Kernel.replace(target, with: bytes)
        } catch { throw Failure("\(error)") }
        if call[json] {
            output.print([
                "file": .string(target), "bytes": .number(bytes.count),
                "version": .string("\(compiled.version)"),
            ])
        } else {
            output.print("\(target): \(compiled.head.line), \(compiled.summary.line), \(bytes.count) bytes")
        }
        return .ok
    }
}
