// Writes down of a directory of models what proves them: golden rows for each, and the sum of every file.
public import Commands
import Decision
import Documents
import Inference
import Kernel
import Units

extension ModelDirectory {
    /// What was written.
    public struct Packed {
        public let version: UInt64
        public let golden: [String]
        public let files: Int
    }

    /// Golden rows that somebody else wrote, with another library's scores, stay as they are and must hold.
    public static func pack(_ path: String) throws(Failure) -> Packed {
        let read = try ModelDirectory(path, proof: .none)
        var list = read.content
        var contents = Dictionary(
            read.files.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        contents[Self.list] = nil
        var written: [String] = []
        for index in list.models.indices {
            let model = read.served.models[index]
            let proof = ModelProof(model.model, model.calibrator, read.served.features)
            let name = list.models[index].golden ?? "\(list.models[index].file).golden.tsv"
            if let there = try? Kernel.contents(of: "\(path)/\(name)", limit: Self.fileBytesMost) {
                do {
                    try proof.check(there, "\(path)/\(name)")
                    contents[name] = there
                    list.models[index].golden = name
                    continue
                } catch {
                    // Rows that a former pack wrote of a former model give way; those of somebody else do not.
                    guard there.starts(with: Array(ModelProof.mark.utf8)) else { throw error }
                }
            }
            let golden = Array(proof.golden.utf8)
            try proof.check(golden, "\(path)/\(name)")
            try replace("\(path)/\(name)", golden)
            list.models[index].golden = name
            contents[name] = golden
            written.append(name)
        }
        list.sums = contents.sorted { $0.key < $1.key }.map {
            FileSum(name: $0.key, sha256: sha256($0.value))
        }
        try replace(
            "\(path)/\(Self.list)", Array(ModelList.schema.show(list).page.utf8) + [UInt8(ascii: "\n")])
        return Packed(
            version: try ModelDirectory(path).served.version, golden: written, files: list.sums.count)
    }

    private static func replace(_ path: String, _ bytes: [UInt8]) throws(Failure) {
        do { try Kernel.replace(path, with: bytes) } catch { throw Failure("\(error)") }
    }
}
