import { defineHandlers } from '@runwaycrm/sdk'
import { discard, list, openContent, put } from './archive.ts'
import { attach } from './attach.ts'
import { content, describe, openFile } from './content.ts'
import { file, files, image, images } from './field-types.ts'
import { filesOfPerson, forget, remove } from './forget.ts'
import { scan } from './scan.ts'
import { sweep } from './sweep.ts'
import { thumbnail } from './thumbnail.ts'
import { storeText, upload } from './upload.ts'

export const handlers = defineHandlers({
  attach,
  content,
  describe,
  discard,
  file,
  files,
  filesOfPerson,
  forget,
  image,
  images,
  list,
  openContent,
  openFile,
  put,
  remove,
  scan,
  storeText,
  sweep,
  thumbnail,
  upload,
})
