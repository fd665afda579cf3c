import { defineHandlers } from '@runwaycrm/sdk'
import { attach } from './attach.ts'
import { content, describe, openFile } from './content.ts'
import { file, files, image, images } from './field-types.ts'
import { scan } from './scan.ts'
import { sweep } from './sweep.ts'
import { storeText, upload } from './upload.ts'

export const handlers = defineHandlers({
  attach,
  content,
  describe,
  file,
  files,
  image,
  images,
  openFile,
  scan,
  storeText,
  sweep,
  upload,
})
