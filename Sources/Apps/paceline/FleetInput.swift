// The fleet file as commands take it.
import Commands
import Documents
import Fleet

enum FleetInput {
    static let path = Parameter.argument("FILE", WordKind.file, "A fleet file, or - for standard input.")
    /// A thousand regions are a few megabytes.
    private static let limitBytes = 4 << 20

    /// The fleet, or nil after it was told what is wrong with the file.
    static func read(_ path: String, json: Bool, _ output: inout Output) throws(Failure) -> FleetFile? {
        let bytes = try InputFile.read(path, limit: limitBytes)
        do {
            return try FleetFile(reading: bytes)
        } catch {
            output.print(error, of: path, asJSON: json)
            return nil
        }
    }
}
